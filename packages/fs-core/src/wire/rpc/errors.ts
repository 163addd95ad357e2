/**
 * Errors between processes. A `PondError` arrives as one: code, kind, message, hint and plain details. What else a handler
 * throws is `INTERNAL` to the caller, who learns its message but not where it was thrown.
 */
import { type ErrorKind, isPondError, PondError } from "@smallpond/base";
import type { BadMessageError } from "../codec/index.ts";
import {
  bool,
  type Codec,
  f64,
  i64,
  list,
  mapped,
  optional,
  struct,
  text,
  union,
  word,
} from "../codec/index.ts";
import type { BadFrameError } from "../frame.ts";

/** What calls fail with besides the handler's own errors. */
export type RpcErrorCode =
  /** No answer came. `unknown-outcome` if the question may have arrived, `retry` if it certainly did not. */
  | "NO_ANSWER"
  /** The service, or the caller's own queue, has too much to do; nothing was done. */
  | "OVERLOADED"
  /** The service is ending; nothing was done. */
  | "CLOSING"
  /** The caller was closed here. */
  | "CLIENT_CLOSED"
  | "UNKNOWN_METHOD"
  | "ACCESS_DENIED"
  /** The question or the answer is longer than a frame may be. */
  | "MESSAGE_TOO_LARGE"
  /** Bulk bytes came to or from a side that cannot take them. */
  | "BULK_REFUSED"
  /** Why a handler's signal aborted: the caller gave up, or is gone. */
  | "CANCELLED"
  /** The two sides could not prove to each other what they claim to be. */
  | "AUTH_FAILED"
  | "TOKEN_INVALID"
  | "TOKEN_EXPIRED"
  /** The handler broke. */
  | "INTERNAL";

export interface NoAnswerDetails {
  readonly method: string;
  readonly address: string;
}

export type NoAnswerError = PondError<"NO_ANSWER", NoAnswerDetails>;
export type RpcError = PondError<RpcErrorCode> | BadFrameError | BadMessageError;

export const CODE_BYTES_MAX = 64;
const MESSAGE_BYTES_MAX = 4096;
const DETAILS_MAX = 32;
const KEY_BYTES_MAX = 64;
const TEXT_BYTES_MAX = 1024;

const KINDS = [
  "retry",
  "conflict",
  "unknown-outcome",
  "invalid",
  "unavailable",
  "corrupt",
  "closed",
  "internal",
] as const satisfies readonly ErrorKind[];

type DetailValue =
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "bigint"; readonly value: bigint }
  | { readonly kind: "bool"; readonly value: boolean };

const detailValue: Codec<DetailValue> = union({
  text: [1, struct({ value: text(TEXT_BYTES_MAX) })],
  number: [2, struct({ value: f64 })],
  bigint: [3, struct({ value: i64 })],
  bool: [4, struct({ value: bool })],
});

const fields = struct({
  code: text(CODE_BYTES_MAX),
  kind: word(KINDS),
  message: text(MESSAGE_BYTES_MAX),
  hint: optional(text(MESSAGE_BYTES_MAX)),
  details: list(struct({ key: text(KEY_BYTES_MAX), value: detailValue }), DETAILS_MAX),
});

/**
 * Details that are no text, number, truth value or 64-bit integer, or more than 32, do not travel; long texts are cut.
 * The cause stays behind.
 */
export const pondErrorCodec: Codec<PondError> = mapped(
  fields,
  (error: PondError) => ({
    code: cut(error.code, CODE_BYTES_MAX),
    kind: error.kind,
    message: cut(error.message, MESSAGE_BYTES_MAX),
    hint: error.hint === undefined ? undefined : cut(error.hint, MESSAGE_BYTES_MAX),
    details: detailsOf(error),
  }),
  ({ code, kind, message, hint, details }) =>
    new PondError(code, {
      kind,
      message,
      hint,
      details: Object.fromEntries(details.map(({ key, value }) => [key, value.value])),
    }),
);

/** What a caller is told about anything that was thrown while `what` was done. */
export function tellable(error: unknown, what: string): PondError {
  if (isPondError(error)) return error;
  const name = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new PondError("INTERNAL", {
    kind: "internal",
    message: `the service failed inside while it did ${what}: ${name}`,
    details: { method: what },
    hint: "its log has the whole story",
    cause: error,
  });
}

/** `sent`: whether the question may have arrived. */
export function noAnswer(
  { method, address, sent, why }: NoAnswerDetails & { readonly sent: boolean; readonly why: string },
  cause?: unknown,
): NoAnswerError {
  return new PondError("NO_ANSWER", {
    kind: sent ? "unknown-outcome" : "retry",
    message: `no answer to ${method} from ${address}: ${why}`,
    details: { method, address },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function rpcError(
  code: RpcErrorCode,
  kind: ErrorKind,
  message: string,
  options: { readonly hint?: string; readonly cause?: unknown; readonly details?: object } = {},
): PondError<RpcErrorCode> {
  const { hint, details = {} } = options;
  return new PondError(code, {
    kind,
    message,
    hint,
    details,
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}

function detailsOf(error: PondError): readonly { readonly key: string; readonly value: DetailValue }[] {
  const details: { key: string; value: DetailValue }[] = [];
  for (const [name, value] of Object.entries(error.details)) {
    const travels = detailOf(value);
    const key = wellFormed(name);
    if (travels === undefined || byteLength(key) > KEY_BYTES_MAX) continue;
    if (details.length < DETAILS_MAX) details.push({ key, value: travels });
  }
  return details;
}

function detailOf(value: unknown): DetailValue | undefined {
  switch (typeof value) {
    case "string":
      return { kind: "text", value: cut(value, TEXT_BYTES_MAX) };
    case "number":
      return { kind: "number", value };
    case "boolean":
      return { kind: "bool", value };
    case "bigint":
      return value >= -(2n ** 63n) && value < 2n ** 63n ? { kind: "bigint", value } : undefined;
    default:
      return undefined;
  }
}

/** Well-formed, and at most that many bytes of UTF-8. */
function cut(value: string, bytesMax: number): string {
  let whole = wellFormed(value);
  if (whole.length * 3 <= bytesMax) return whole;
  while (byteLength(whole) > bytesMax) {
    const excess = byteLength(whole) - bytesMax;
    whole = wellFormed(whole.slice(0, Math.max(0, whole.length - Math.ceil(excess / 3))));
    whole = whole.replace(/\ufffd$/u, "");
  }
  return whole;
}

function wellFormed(value: string): string {
  return value.replaceAll(/\p{Surrogate}/gu, "\ufffd");
}

function byteLength(value: string): number {
  return new TextEncoder().encode(value).length;
}
