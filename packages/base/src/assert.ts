/** Assertions stay on in production: a process that broke an invariant stops before it writes anything more. */
import { InvariantError } from "./errors.ts";

/** Throws {@link InvariantError} unless `condition` holds. The message says what should have been true. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** For the branch that types say cannot happen; data from outside may disagree. */
export function assertNever(value: never): never {
  throw new InvariantError(`unexpected case: ${describe(value)}`);
}

/** Asserts an integer that arithmetic keeps exact. `name` is what the message calls it. */
export function assertSafeInteger(value: number, name: string): void {
  assert(Number.isSafeInteger(value), `${name} must be a safe integer, got ${value}`);
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const kind = (value as { kind?: unknown }).kind;
  return typeof kind === "string" ? `kind ${kind}` : Object.prototype.toString.call(value);
}
