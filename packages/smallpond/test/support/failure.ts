/** What a promise was rejected with. */
import { isPondError, type PondError } from "@smallpond/base";
import { expect } from "vitest";

/** The error of an action that must fail, which must be one of ours. */
export async function failureOf(action: Promise<unknown> | (() => unknown)): Promise<PondError> {
  try {
    await (typeof action === "function" ? action() : action);
  } catch (error) {
    if (isPondError(error)) return error;
    throw error;
  }
  throw expect.fail("the action succeeded, but it should have failed");
}

/** The line of the test that calls this, as errors name it: `/…/file.test.ts:12:`, to be found in a message. */
export function here(offset = 0): string {
  const stack = new Error("here").stack?.split("\n")[2] ?? "";
  const [, path, line] = /\(?((?:file:\/\/)?\/[^():]+):(\d+):\d+\)?\s*$/.exec(stack) ?? [];
  return `${path?.replace("file://", "")}:${Number(line) + offset}:`;
}
