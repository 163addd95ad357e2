import { PondError } from "@smallpond/base";
import { expect, test } from "vitest";
import { ATTEMPTS_MAX, type FailedAttempt, verdictOf } from "../../src/execution/failure-policy.ts";

const ALL = 1_000;

function failure(code: string, kind: "retry" | "unavailable" | "invalid" = "unavailable"): PondError {
  return new PondError(code, { kind, message: code });
}

/** What becomes of a task that fails the same way every time: the memory of each attempt until it is final. */
function attemptsOf(error: unknown, firstBytes: number): { memory: number[]; waits: number[] } {
  const failed: FailedAttempt[] = [];
  const waits: number[] = [];
  let memoryBytes = firstBytes;
  for (;;) {
    const code = error instanceof PondError ? error.code : null;
    failed.push({ attempt: failed.length, code, message: "", memoryBytes });
    const verdict = verdictOf(error, failed, ALL);
    if (verdict.kind === "final") return { memory: failed.map((one) => one.memoryBytes), waits };
    waits.push(verdict.afterMs);
    memoryBytes =
      verdict.room === "all" ? ALL : verdict.room === "twice" ? Math.min(ALL, memoryBytes * 2) : memoryBytes;
  }
}

test("what is wrong with the data or the query is wrong at once", () => {
  for (const error of [
    failure("SQL_VALUE", "invalid"),
    failure("FILE_NOT_FOUND", "invalid"),
    failure("FILE_ACCESS", "invalid"),
    failure("FUNCTION_FAILED", "invalid"),
    new Error("anything"),
    "text",
    undefined,
  ]) {
    expect(attemptsOf(error, 250).memory).toEqual([250]);
  }
});

test("memory is doubled until there is no more", () => {
  expect(attemptsOf(failure("OUT_OF_MEMORY"), 250).memory).toEqual([250, 500, 1_000]);
  expect(attemptsOf(failure("OUT_OF_MEMORY"), 300).memory).toEqual([300, 600, 1_000]);
  expect(attemptsOf(failure("OUT_OF_MEMORY"), ALL).memory).toEqual([ALL]);
  expect(attemptsOf(failure("OUT_OF_MEMORY"), 1).memory.length).toBe(ATTEMPTS_MAX);
});

test("a lost executor gets three more, and all memory from the second loss on", () => {
  expect(attemptsOf(failure("EXECUTOR_LOST", "retry"), 250).memory).toEqual([250, 250, ALL, ALL]);
});

test("a full disk gets one more attempt with nothing beside it", () => {
  for (const code of ["DISK_FULL", "ENOSPC", "EDQUOT"])
    expect(attemptsOf(failure(code), 250).memory).toEqual([250, ALL]);
});

test("devices that hiccup are waited for, longer each time", () => {
  for (const error of [failure("EIO"), failure("FILE_ACCESS"), failure("EMFILE", "retry")])
    expect(attemptsOf(error, 250)).toEqual({ memory: [250, 250, 250], waits: [200, 400] });
});

test("failures of one kind do not use up the attempts of another, but all of them together have a limit", () => {
  const lost = { code: "EXECUTOR_LOST", message: "", memoryBytes: 250 };
  const memory = { code: "OUT_OF_MEMORY", message: "", memoryBytes: 250 };
  const mixed = [lost, memory, lost].map((one, attempt) => ({ ...one, attempt }));
  expect(verdictOf(failure("EXECUTOR_LOST", "retry"), mixed, ALL)).toMatchObject({
    kind: "again",
    room: "all",
  });
  const many = Array.from({ length: ATTEMPTS_MAX }, (_, attempt) => ({ ...memory, attempt }));
  expect(verdictOf(failure("OUT_OF_MEMORY"), many, ALL)).toEqual({ kind: "final" });
});
