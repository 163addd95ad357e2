/** The errors that the metastore throws, each made in one place. */
import { type ErrorKind, isPondError, PondError } from "@smallpond/base";
import type { MetastoreError, MetastoreErrorCode } from "./transaction.ts";

const KINDS: Readonly<Record<MetastoreErrorCode, ErrorKind>> = {
  TRANSACTION_TOO_LARGE: "invalid",
  KEY_INVALID: "invalid",
  VERSION_NOT_YET_KNOWN: "invalid",
  TRANSACTION_TOO_OLD: "retry",
  TRANSACTION_CONFLICT: "conflict",
  COMMIT_UNKNOWN: "unknown-outcome",
  NOT_OWNER: "retry",
  METASTORE_BUSY: "retry",
  METASTORE_CLOSED: "closed",
  STORE_UNREACHABLE: "unavailable",
  STORE_FULL: "unavailable",
  STORE_CORRUPT: "corrupt",
};

const HINTS: Readonly<Partial<Record<MetastoreErrorCode, string>>> = {
  TRANSACTION_TOO_LARGE: "split the work into several transactions",
  TRANSACTION_TOO_OLD: "begin again; keep transactions short",
  TRANSACTION_CONFLICT: "read again before deciding",
  COMMIT_UNKNOWN: "read whether the change is there",
  NOT_OWNER: "try again: another process takes over, or this one does",
  METASTORE_BUSY: "try again later, with fewer commits at once",
  STORE_FULL: "free space on the disk or raise the store's size",
};

export function metastoreError(
  code: MetastoreErrorCode,
  message: string,
  options: { readonly cause?: unknown } = {},
): MetastoreError {
  return new PondError(code, { kind: KINDS[code], message, hint: HINTS[code], ...options });
}

export function tooOld(): MetastoreError {
  return metastoreError(
    "TRANSACTION_TOO_OLD",
    "the transaction's snapshot is gone: it is too old, or its owner is",
  );
}

export function notOwner(why: string): MetastoreError {
  return metastoreError("NOT_OWNER", `this process does not own the metastore: ${why}`);
}

export function metastoreClosed(): MetastoreError {
  return metastoreError("METASTORE_CLOSED", "the metastore was closed in this process");
}

/** Whether a new try with a fresh snapshot may go well; nothing was written. */
export function isWorthAnotherTry(error: unknown): boolean {
  return isPondError(error) && RETRIED.has(error.code);
}

const RETRIED: ReadonlySet<string> = new Set<MetastoreErrorCode>([
  "TRANSACTION_TOO_OLD",
  "NOT_OWNER",
  "METASTORE_BUSY",
  "STORE_UNREACHABLE",
]);
