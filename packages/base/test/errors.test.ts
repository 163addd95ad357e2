import { formatError, isPondError, PondError } from "@smallpond/base";
import { expect, test } from "vitest";

test("an error is recognised by its brand and its code", () => {
  const error = new PondError("FULL", { kind: "retry", message: "the queue is full", details: { max: 3 } });
  expect(isPondError(error)).toBe(true);
  expect(isPondError(error, "FULL")).toBe(true);
  expect(isPondError(error, "EMPTY")).toBe(false);
  expect(formatError(error)).toBe("the queue is full");
});
