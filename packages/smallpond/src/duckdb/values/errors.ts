/** The errors of value conversion: each names the column (and row or value) it is about and what to do instead. */
import { PondError } from "@smallpond/base";

export type ValueErrorCode =
  | "UNSUPPORTED_TYPE"
  | "UNSAFE_INTEGER"
  | "UNSUPPORTED_VALUE"
  | "UNDEFINED_VALUE"
  | "VALUE_DOES_NOT_FIT"
  | "TYPE_CONFLICT"
  | "INVALID_TYPE"
  | "NO_COLUMNS"
  | "UNKNOWN_COLUMN"
  | "DUPLICATE_COLUMN"
  | "TOO_LARGE";

export interface ValueErrorDetails {
  readonly column?: string;
  /** Zero-based index of the row among those given. */
  readonly row?: number;
  readonly type?: string;
  readonly value?: string;
}

export type ValueError = PondError<ValueErrorCode, ValueErrorDetails>;

/** An invalid-input error with a code of this module. */
export function valueError(
  code: ValueErrorCode,
  message: string,
  details: ValueErrorDetails = {},
  hint?: string,
): ValueError {
  return new PondError(code, { kind: "invalid", message, details, hint });
}

/** A type that has no counterpart. `cast` is the SQL to try, with `x` for the column. */
export function unsupportedType(column: string, type: string, why: string, cast: string): ValueError {
  const message = `column ${quoted(column)} has type ${type}, ${why}`;
  return valueError(
    "UNSUPPORTED_TYPE",
    message,
    { column, type },
    `try ${cast} in the query, or leave the column out`,
  );
}

/**
 * One value that a column of some type cannot hold. Conversions of whole columns throw it without knowing where they
 * are; whoever knows the column and the row turns it into a {@link ValueError}.
 */
export class Misfit extends Error {
  readonly value: unknown;
  readonly hint: string | undefined;

  constructor(value: unknown, reason: string, hint?: string) {
    super(reason);
    this.name = "Misfit";
    this.value = value;
    this.hint = hint;
  }
}

/** The misfit as an error about a place. */
export function misfitError(
  misfit: Misfit,
  type: string,
  place: { column?: string; row?: number },
): ValueError {
  const where = [
    ...(place.column === undefined ? [] : [`column ${quoted(place.column)}`]),
    ...(place.row === undefined ? [] : [`row ${place.row}`]),
  ].join(", ");
  const value = describeValue(misfit.value);
  const message = `${where === "" ? "" : `${where}: `}${value} does not fit ${type}: ${misfit.message}`;
  return valueError("VALUE_DOES_NOT_FIT", message, { ...place, type, value }, misfit.hint);
}

/** A value as an error message shows it: short, on one line, and telling types apart. */
export function describeValue(value: unknown): string {
  const text = describe(value).replaceAll("\n", "\\n");
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

export function quoted(name: string): string {
  return `"${name}"`;
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol") return value.toString();
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value !== "object" || value === null) return String(value);
  const name = value.constructor?.name ?? "Object";
  if (Array.isArray(value)) return `Array(${value.length})`;
  if (name === "Object") return `{ ${Object.keys(value).join(", ")} }`;
  if (ArrayBuffer.isView(value)) return `${name}(${value.byteLength} bytes)`;
  if (value instanceof Map || value instanceof Set) return `${name}(${value.size})`;
  return `${name} ${String(value)}`;
}
