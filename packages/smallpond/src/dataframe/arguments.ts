/** What verbs do with what people pass them. */
import { PondError } from "@smallpond/base";

/** Of one frame. */
export const PARTITIONS_MAX = 65_536;

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

export function nothingGiven(verb: string, what: string): PondError {
  return badArgument(verb, `give ${what}`, "nothing");
}

/** How many rows. */
export function checkRows(verb: string, count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw badArgument(verb, "the count must be a whole number", count);
}

/** The `partitions` option of a verb; null when it is not given. */
export function checkPartitions(verb: string, count: number | undefined): number | null {
  if (count === undefined) return null;
  if (Number.isSafeInteger(count) && count >= 1 && count <= PARTITIONS_MAX) return count;
  throw badArgument(verb, `partitions must be a whole number from 1 to ${PARTITIONS_MAX}`, count);
}
