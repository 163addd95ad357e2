/** What verbs do with what people pass them. */
import { PondError } from "@smallpond/base";

/** A value that may be one or several. */
export type OneOrMore<T> = T | readonly T[];

export function oneOrMore<T>(value: OneOrMore<T>): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

export function badArgument(verb: string, message: string, value: unknown): PondError {
  const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
  return new PondError("BAD_ARGUMENT", {
    kind: "invalid",
    message: `${verb}(): ${message}, got ${shown}`,
    details: { verb },
  });
}
