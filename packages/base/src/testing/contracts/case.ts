/** What a contract is made of: plain cases that any test runner can run, and the few checks they need. */
import { isPondError } from "../../errors.ts";

/** One promise of an interface. `run` rejects if the implementation breaks it; cases share nothing. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Fails the case unless `condition` holds. */
export function expectThat(condition: boolean, message: string): void {
  if (!condition) throw new Error(`contract broken: ${message}`);
}

/** Fails the case unless the two print the same; for plain data, numbers, bigints and bytes. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [print(actual), print(expected)];
  expectThat(got === wanted, `${what} should be ${wanted}, is ${got}`);
}

/** Fails the case unless the promise rejects with a `PondError` of one of the codes. */
export async function expectCode(promise: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  const error = await rejectionOf(promise);
  const code = isPondError(error) ? error.code : `${error}`;
  expectThat(codes.includes(code), `should fail with ${codes.join(" or ")}, failed with ${code}`);
}

/** What the promise rejects with; fails the case if it fulfils. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`contract broken: should have failed, returned ${print(value)}`);
}

/** The bytes of a text, for payloads that read well in a failure. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function print(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes [${value.join(" ")}]`;
  return (
    JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part)) ?? "undefined"
  );
}
