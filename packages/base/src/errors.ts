/**
 * The one error type of the project, and how it is recognised, printed and sent between processes.
 *
 * Three tiers (style rule 21): a broken invariant is an `InvariantError` and a bug of ours; an expected outcome is
 * a `Result`; everything else is thrown as a `PondError`. Callers match on `code` and decide by `kind`.
 */

/**
 * What a caller may do about an error, independent of which component raised it.
 *
 * - `retry`: the same call may succeed shortly; nothing was done.
 * - `conflict`: somebody else was first; read again before deciding.
 * - `unknown-outcome`: a mutation may or may not have happened; find out by reading.
 * - `invalid`: the request can never succeed as it stands.
 * - `unavailable`: something needed is missing or exhausted; a person or time has to fix it.
 * - `corrupt`: stored or received bytes are not what was written.
 * - `closed`: the handle, connection or service was closed.
 * - `internal`: none of the above; treat it as a bug.
 */
export type ErrorKind =
  | "retry"
  | "conflict"
  | "unknown-outcome"
  | "invalid"
  | "unavailable"
  | "corrupt"
  | "closed"
  | "internal";

/** What a {@link PondError} is made from, besides its code. */
export interface PondErrorOptions<D extends object = object> {
  readonly kind: ErrorKind;
  /** One sentence for people, naming the thing it is about. */
  readonly message: string;
  /** Plain data for programs; frozen by the constructor. Keep it free of class instances so that it can be sent. */
  readonly details?: D;
  /** What to try next, as an instruction. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

// `Symbol.for` is shared by every copy of this module in the process, so two installs recognise each other's errors.
const BRAND: unique symbol = Symbol.for("@smallpond/base/PondError") as never;

/** An error with a code to match on, a kind to decide by, and details to read. */
export class PondError<C extends string = string, D extends object = object> extends Error {
  readonly code: C;
  readonly kind: ErrorKind;
  readonly details: Readonly<D>;
  readonly hint: string | undefined;

  constructor(code: C, options: PondErrorOptions<D>) {
    super(options.message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "PondError";
    this.code = code;
    this.kind = options.kind;
    this.details = Object.freeze({ ...options.details } as D);
    this.hint = options.hint;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** A promise the code made to itself was broken. It is never handled, only reported: the state is no longer trusted. */
export class InvariantError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "InvariantError";
  }
}

/** Whether `error` is a {@link PondError} of any installed copy of this package, optionally with that code. */
export function isPondError<C extends string = string, D extends object = object>(
  error: unknown,
  code?: C,
): error is PondError<C, D> {
  if (typeof error !== "object" || error === null) return false;
  if ((error as { [BRAND]?: unknown })[BRAND] !== true) return false;
  return code === undefined || (error as PondError).code === code;
}

/** Causes deeper than this are dropped: a chain that long is a loop or a retry that wrapped itself. */
const CAUSE_DEPTH_MAX = 8;

/** An error as people read it: the message, its hint on the next line, then each cause the same way. */
export function formatError(error: unknown): string {
  const lines: string[] = [];
  appendError(lines, error, "", 0);
  return lines.join("\n");
}

function appendError(lines: string[], error: unknown, prefix: string, depth: number): void {
  lines.push(prefix + headline(error));
  if (isPondError(error) && error.hint !== undefined) lines.push(`  hint: ${error.hint}`);
  if (!(error instanceof Error) || depth === CAUSE_DEPTH_MAX) return;
  for (const part of partsOf(error)) appendError(lines, part, "  also: ", CAUSE_DEPTH_MAX);
  if (error.cause !== undefined) appendError(lines, error.cause, "  caused by: ", depth + 1);
}

function headline(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // "Error: " and "PondError: " tell people nothing; "TypeError: " says it is a bug.
  if (error.name === "Error" || error.name === "PondError") return error.message;
  return `${error.name}: ${error.message}`;
}

/** An error as plain JSON data. Bigints inside `details` are carried as `{ "$bigint": "…" }`. */
export interface ErrorJson {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly kind?: ErrorKind;
  readonly details?: unknown;
  readonly hint?: string;
  readonly cause?: ErrorJson;
  readonly errors?: readonly ErrorJson[];
}

/** Turns anything thrown into data that survives `JSON.stringify` or an IPC channel. */
export function errorToJson(error: unknown): ErrorJson {
  return toJson(error, 0);
}

/** Rebuilds an error from {@link errorToJson}; a `PondError` comes back as one, other errors keep their name. */
export function errorFromJson(json: ErrorJson): Error {
  const cause = json.cause === undefined ? {} : { cause: errorFromJson(json.cause) };
  const error = revive(json, cause);
  if (json.stack !== undefined) Object.defineProperty(error, "stack", hidden(json.stack));
  return error;
}

function toJson(error: unknown, depth: number): ErrorJson {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const deeper = depth < CAUSE_DEPTH_MAX;
  const code = (error as { code?: unknown }).code;
  const parts = partsOf(error);
  return {
    name: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(typeof code === "string" ? { code } : {}),
    ...(isPondError(error) ? { kind: error.kind, details: encode(error.details) } : {}),
    ...(isPondError(error) && error.hint !== undefined ? { hint: error.hint } : {}),
    ...(deeper && error.cause !== undefined ? { cause: toJson(error.cause, depth + 1) } : {}),
    ...(deeper && parts.length > 0 ? { errors: parts.map((part) => toJson(part, depth + 1)) } : {}),
  };
}

/** What an `AggregateError` holds, or the two errors of a `SuppressedError`, which `await using` throws. */
function partsOf(error: Error): readonly unknown[] {
  const {
    errors,
    error: last,
    suppressed,
  } = error as Partial<AggregateError> & { error?: unknown; suppressed?: unknown };
  if (Array.isArray(errors)) return errors;
  return error.name === "SuppressedError" ? [suppressed, last] : [];
}

function revive(json: ErrorJson, cause: { readonly cause?: unknown }): Error {
  if (json.kind !== undefined && json.code !== undefined) {
    const details = decode(json.details ?? {}) as object;
    return new PondError(json.code, {
      kind: json.kind,
      message: json.message,
      details,
      hint: json.hint,
      ...cause,
    });
  }
  const error = reviveForeign(json, cause);
  if (error.name !== json.name) Object.defineProperty(error, "name", hidden(json.name));
  if (json.code !== undefined) Object.assign(error, { code: json.code });
  return error;
}

function reviveForeign(json: ErrorJson, cause: { readonly cause?: unknown }): Error {
  if (json.name === "InvariantError") return new InvariantError(json.message, cause);
  if (json.errors === undefined) return new Error(json.message, cause);
  return new AggregateError(json.errors.map(errorFromJson), json.message, cause);
}

function hidden(value: string): PropertyDescriptor {
  return { value, writable: true, configurable: true, enumerable: false };
}

function encode(value: unknown): unknown {
  if (typeof value === "bigint") return { $bigint: value.toString() };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, encode(part)]));
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== "object" || value === null) return value;
  const digits = (value as { $bigint?: unknown }).$bigint;
  if (typeof digits === "string") return BigInt(digits);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decode(part)]));
}
