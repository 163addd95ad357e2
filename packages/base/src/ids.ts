/** Identifiers are branded: checked once where they enter, then impossible to confuse with one another. */
import { PondError } from "./errors.ts";
import type { Random } from "./random.ts";

declare const brand: unique symbol;

/** `T` with a name only the compiler sees. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** What a text that is no identifier is refused with. */
export type BadIdError = PondError<"BAD_ID", { readonly name: string; readonly text: string }>;

/**
 * Makes the one constructor of a text identifier: it returns the text branded, or throws `BAD_ID`.
 *
 * `pattern` must be anchored. `expected` completes the sentence "a job id is …".
 */
export function defineId<B extends Brand<string, string>>(
  name: string,
  options: { readonly pattern: RegExp; readonly expected: string },
): (text: string) => B {
  return (text) => {
    if (options.pattern.test(text)) return text as B;
    throw new PondError("BAD_ID", {
      kind: "invalid",
      message: `${JSON.stringify(text)} is not a ${name}`,
      details: { name, text },
      hint: `a ${name} is ${options.expected}`,
    });
  };
}

/** Names one run of a job, and its directories: 32 lower-case hex digits, a UUID without its dashes. */
export type JobId = Brand<string, "JobId">;

/** Checks a job id that came from outside. */
export const jobId: (text: string) => JobId = defineId<JobId>("job id", {
  pattern: /^[0-9a-f]{32}$/,
  expected: "32 lower-case hexadecimal digits",
});

/** A fresh job id. */
export function newJobId(random: Random): JobId {
  return jobId(random.uuid().replaceAll("-", ""));
}
