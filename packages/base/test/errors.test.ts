import {
  type ErrorJson,
  errorFromJson,
  errorToJson,
  formatError,
  InvariantError,
  isPondError,
  PondError,
} from "@smallpond/base";
import { expect, test, vi } from "vitest";

function full(options: { cause?: unknown } = {}): PondError<"FULL", { max: number; bytes: bigint }> {
  return new PondError("FULL", {
    kind: "retry",
    message: "the queue is full",
    details: { max: 3, bytes: 2n ** 60n },
    hint: "wait for a task to finish",
    ...options,
  });
}

/** What another process would receive. */
function sent(error: unknown): Error {
  return errorFromJson(JSON.parse(JSON.stringify(errorToJson(error))) as ErrorJson);
}

test("an error is recognised by its brand and its code", () => {
  expect(isPondError(full())).toBe(true);
  expect(isPondError(full(), "FULL")).toBe(true);
  expect(isPondError(full(), "EMPTY")).toBe(false);
  for (const other of [new Error("x"), null, undefined, "FULL", { code: "FULL" }]) {
    expect(isPondError(other)).toBe(false);
  }
});

test("errors of another installed copy of the package are recognised", async () => {
  vi.resetModules();
  const copy = await import("../src/errors.ts");
  expect(copy.PondError).not.toBe(PondError);
  const foreign = new copy.PondError("FULL", { kind: "retry", message: "full" });
  expect(foreign instanceof PondError).toBe(false);
  expect(isPondError(foreign, "FULL")).toBe(true);
});

test("details are frozen and are not the caller's object", () => {
  const details = { max: 3 };
  const error = new PondError("FULL", { kind: "retry", message: "full", details });
  details.max = 4;
  expect(error.details).toEqual({ max: 3 });
  expect(Object.isFrozen(error.details)).toBe(true);
});

test("people read the message, the hint, then the causes", () => {
  const error = new PondError("JOB_FAILED", {
    kind: "internal",
    message: "job 7 failed",
    cause: full({ cause: new TypeError("x is not a function") }),
  });
  expect(formatError(error)).toBe(
    [
      "job 7 failed",
      "  caused by: the queue is full",
      "  hint: wait for a task to finish",
      "  caused by: TypeError: x is not a function",
    ].join("\n"),
  );
  expect(formatError("just text")).toBe("just text");
});

test("every error of an aggregate, and both of a suppressed pair, are shown", async () => {
  expect(formatError(new AggregateError([new Error("a"), full()], "both failed"))).toBe(
    [
      "AggregateError: both failed",
      "  also: a",
      "  also: the queue is full",
      "  hint: wait for a task to finish",
    ].join("\n"),
  );
  const failing = async (): Promise<void> => {
    await using _resource = { [Symbol.asyncDispose]: () => Promise.reject(new Error("while closing")) };
    throw new Error("while working");
  };
  const error = await failing().catch((caught: unknown) => caught);
  expect(formatError(error)).toContain("while working");
  expect(formatError(error)).toContain("while closing");
  expect(formatError(sent(error))).toContain("while working");
});

test("a cause that leads back to itself ends", () => {
  const error = new Error("loop");
  error.cause = error;
  expect(formatError(error).split("\n").length).toBeLessThan(12);
  expect(JSON.stringify(errorToJson(error)).length).toBeLessThan(100_000);
});

test("an error crosses a process boundary whole", () => {
  const original = full({ cause: new RangeError("too much") });
  const error = sent(original);
  expect(isPondError(error, "FULL")).toBe(true);
  expect(error).toMatchObject({
    code: "FULL",
    kind: "retry",
    message: "the queue is full",
    hint: "wait for a task to finish",
    details: { max: 3, bytes: 2n ** 60n },
  });
  expect(error.stack).toBe(original.stack);
  expect(error.cause).toMatchObject({ name: "RangeError", message: "too much" });
});

test("errors that are not ours keep their name and their code", () => {
  const missing = Object.assign(new Error("no such file"), { code: "ENOENT" });
  expect(sent(missing)).toMatchObject({ name: "Error", message: "no such file", code: "ENOENT" });
  expect(isPondError(sent(missing))).toBe(false);
  expect(sent(new InvariantError("broken"))).toBeInstanceOf(InvariantError);
  expect(sent("thrown text").message).toBe("thrown text");
  const aggregate = sent(new AggregateError([full()], "all failed")) as AggregateError;
  expect(isPondError(aggregate.errors[0], "FULL")).toBe(true);
});
