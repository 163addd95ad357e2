/** What a check of the metadata finds, as data: what is wrong, how bad it is, and how to set it right where that is safe. */
import type { StoreMutation } from "../../metastore/ordered-store.ts";

/**
 * - `broken`: names, links or bytes are not what they must be: something is lost or wrong.
 * - `leak`: something takes space or counts that nobody can reach.
 * - `untidy`: a row that leads nowhere; the service never sees it.
 */
export type Severity = "broken" | "leak" | "untidy";

export type FindingCode =
  | "ROW_UNREADABLE"
  | "ROOT_MISSING"
  | "ENTRY_WITHOUT_DIRECTORY"
  | "ENTRY_WITHOUT_INODE"
  | "ENTRY_OF_OTHER_KIND"
  | "ENTRY_NAME_INVALID"
  | "DIRECTORY_WITHOUT_NAME"
  | "DIRECTORY_WITH_NAMES"
  | "DIRECTORY_ELSEWHERE"
  | "DIRECTORY_LOOP"
  | "DIRECTORY_LINKS_WRONG"
  | "LINKS_WRONG"
  | "FILE_NOT_COLLECTED"
  | "TREE_NOT_COLLECTED"
  | "QUOTA_WRONG"
  | "ROW_WITHOUT_INODE"
  | "CONTENT_MISSING"
  | "CONTENT_UNUSED"
  | "CONTENT_OPEN"
  | "CONTENT_LENGTH_WRONG"
  | "SESSION_WITHOUT_FILE"
  | "SESSION_WITHOUT_CLIENT"
  | "SESSION_WITHOUT_MARK"
  | "CLIENT_WITHOUT_SESSION"
  | "WRITTEN_WITHOUT_SESSION"
  | "LOCK_WITHOUT_CLIENT"
  | "LOCKS_CONFLICT"
  | "CLIENT_WITHOUT_LOCK"
  | "GARBAGE_IS_LIVE"
  | "TOKEN_WITHOUT_USER"
  | "USER_WITHOUT_TOKEN";

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What it is about: `inode 17`, `"name" in directory 4`. */
  readonly subject: string;
  readonly detail: string;
  readonly repair: Repair | undefined;
}

/** Changes that are made together, if these rows are still as they were found. */
export interface Repair {
  readonly expect: readonly RowAsFound[];
  readonly change: readonly RepairStep[];
}

export interface RowAsFound {
  readonly key: Uint8Array;
  /** Nothing: there is no such row. */
  readonly value: Uint8Array | undefined;
}

export type RepairStep =
  | Exclude<StoreMutation, { readonly kind: "clearRange" }>
  /** To a row that counts. */
  | { readonly kind: "add"; readonly key: Uint8Array; readonly delta: bigint };

export interface FsckReport {
  readonly findings: readonly Finding[];
  /** There were more than are listed. */
  readonly truncated: boolean;
  readonly inodes: number;
  readonly entries: number;
  readonly rows: number;
}

/** Takes a row away that leads nowhere, if it still stands there. */
export function clearing(row: RowAsFound, ...missing: readonly Uint8Array[]): Repair {
  return {
    expect: [row, ...missing.map((key) => ({ key, value: undefined }))],
    change: [{ kind: "clear", key: row.key }],
  };
}
