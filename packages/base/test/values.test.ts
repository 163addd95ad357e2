import {
  assert,
  assertNever,
  assertSafeInteger,
  err,
  InvariantError,
  jobId,
  newJobId,
  ok,
  PondError,
  type Result,
  SeededRandom,
  unwrap,
} from "@smallpond/base";
import { expect, test } from "vitest";

test("a broken assertion is an InvariantError with its message", () => {
  expect(() => assert(true, "fine")).not.toThrow();
  expect(() => assert(0, "zero is not true")).toThrow(new InvariantError("zero is not true"));
  expect(() => assertSafeInteger(2 ** 53, "offset")).toThrow(
    "offset must be a safe integer, got 9007199254740992",
  );
  expect(() => assertNever({ kind: "surprise" } as never)).toThrow("unexpected case: kind surprise");
});

test("unwrap returns the value or throws the error itself", () => {
  const error = new PondError("GONE", { kind: "invalid", message: "gone" });
  const outcome = (fine: boolean): Result<number> => (fine ? ok(7) : err(error));
  expect(unwrap(outcome(true))).toBe(7);
  expect(() => unwrap(outcome(false))).toThrow(error);
});

test("a job id is 32 hex digits and nothing else", () => {
  const id = newJobId(new SeededRandom("jobs"));
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(jobId(id)).toBe(id);
  for (const text of ["", "x".repeat(32), id.toUpperCase(), `${id}\n`, `${id.slice(0, 8)}-${id.slice(8)}`]) {
    expect(() => jobId(text)).toThrow(expect.objectContaining({ code: "BAD_ID", kind: "invalid" }));
  }
});
