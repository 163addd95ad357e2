/** Refusals as messages carry them, and as errors on the way there. */
import { type ErrorKind, isPondError, PondError } from "@smallpond/base";
import type { Refusal, RefusalCode } from "../protocol/refusal.ts";

export type Refused = { readonly kind: "refused" } & Refusal;

/** An item's, thrown up to where its outcome is made. */
export function refuse(
  code: RefusalCode,
  message: string,
  options: { readonly chainVersion?: number | undefined; readonly cause?: unknown } = {},
): PondError<RefusalCode> {
  const { chainVersion } = options;
  return new PondError(code, {
    kind: KINDS.get(code) ?? "retry",
    message,
    ...(chainVersion === undefined ? {} : { details: { chainVersion } }),
    ...("cause" in options ? { cause: options.cause } : {}),
  });
}

/** What whoever asked is told of an error. Errors that are not of the protocol or the store are thrown on. */
export function refusedBy(error: unknown): Refused {
  if (!isPondError(error)) throw error;
  const code = codeOf(error);
  if (code === undefined) throw error;
  const { chainVersion } = error.details as { readonly chainVersion?: number };
  return { kind: "refused", code, message: cut(error.message), chainVersion };
}

/** The other way round, for whoever was refused. */
export function refusalError({ code, message, chainVersion }: Refusal): PondError<RefusalCode> {
  return refuse(code, message, { chainVersion });
}

export function isRefusal(error: unknown, code: RefusalCode): boolean {
  return isPondError(error) && codeOf(error) === code;
}

function codeOf({ code, kind }: PondError): RefusalCode | undefined {
  if (KINDS.has(code as RefusalCode)) return code as RefusalCode;
  const known = STORE_CODES.get(code);
  if (known !== undefined) return known;
  // Disks and networks: nothing was done, or nobody knows.
  if (kind === "unknown-outcome") return "UNKNOWN_OUTCOME";
  return kind === "internal" || kind === "invalid" ? undefined : "NOT_READY";
}

/** Messages go for people, and at most this long. */
const MESSAGE_CHARACTERS_MAX = 160;

function cut(message: string): string {
  return message.length <= MESSAGE_CHARACTERS_MAX ? message : `${message.slice(0, MESSAGE_CHARACTERS_MAX)}…`;
}

const STORE_CODES: ReadonlyMap<string, RefusalCode> = new Map<string, RefusalCode>([
  ["BAD_CHUNK_REQUEST", "BAD_REQUEST"],
  ["STORE_FAILED", "UNKNOWN_OUTCOME"],
  ["STORE_CLOSED", "NOT_READY"],
  ["STORE_CORRUPT", "NOT_READY"],
  ["POOL_EXHAUSTED", "STORE_BUSY"],
  ["ENOSPC", "STORE_FULL"],
  ["EDQUOT", "STORE_FULL"],
]);

const KINDS: ReadonlyMap<RefusalCode, ErrorKind> = new Map<RefusalCode, ErrorKind>([
  ["CHAIN_CHANGED", "conflict"],
  ["NOT_READY", "retry"],
  ["CHUNK_DIRTY", "conflict"],
  ["CHUNK_CORRUPT", "corrupt"],
  ["CAPABILITY_FORGED", "invalid"],
  ["CAPABILITY_EXPIRED", "closed"],
  ["CAPABILITY_WRONG", "invalid"],
  ["SESSION_REVOKED", "closed"],
  ["STALE_REQUEST", "conflict"],
  ["STORE_FULL", "unavailable"],
  ["STORE_BUSY", "retry"],
  ["PAYLOAD_CORRUPT", "corrupt"],
  ["BAD_REQUEST", "invalid"],
  ["UNKNOWN_OUTCOME", "unknown-outcome"],
]);
