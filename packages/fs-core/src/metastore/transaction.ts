/**
 * Transactions over an ordered key-value store, in the shape of FoundationDB's: reads see one snapshot (and the
 * transaction's own writes), commits are strictly serializable, conflicts are found by the ranges that were read. The
 * model is FoundationDB's (Zhou et al., SIGMOD 2021, section 2.4); 3FS asks for the same, see its `ITransaction.h`.
 */
import type { PondError, SignalOptions } from "@smallpond/base";
import type { KeyRange, KeyValue } from "./ordered-store.ts";

/** Limits of every transaction; more is `TRANSACTION_TOO_LARGE`, an older one `TRANSACTION_TOO_OLD`. */
export const TRANSACTION_LIMITS: {
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  /** Keys and values of all mutations, and keys of all conflicts. */
  readonly bytesMax: number;
  /** From its read version to its commit. */
  readonly ageMsMax: number;
} = { keyBytesMax: 1024, valueBytesMax: 100 * 1024, bytesMax: 10 * 2 ** 20, ageMsMax: 5000 };

export interface ReadOptions {
  /** Reads without a conflict: the commit does not fail when somebody changes what was read. */
  readonly snapshot?: boolean;
}

export interface RangeOptions extends ReadOptions {
  /** Default and most: 1,000. */
  readonly limit?: number;
  /** The last keys first. */
  readonly reverse?: boolean;
}

export interface RangePage {
  readonly entries: readonly KeyValue[];
  /** Whether the range went on after the last entry; where it did, what follows is no part of the conflict. */
  readonly more: boolean;
}

export interface ReadTransaction {
  /** The value, owned by the caller. */
  get(key: Uint8Array, options?: ReadOptions): Promise<Uint8Array | undefined>;
  /** Values in the order of the keys, in one step: batch what is needed together. */
  getMany(keys: readonly Uint8Array[], options?: ReadOptions): Promise<readonly (Uint8Array | undefined)[]>;
  /** The conflict is with what was seen: up to the last entry where the page is full, all of the range elsewhere. */
  range(range: KeyRange, options?: RangeOptions): Promise<RangePage>;
}

/**
 * Reads and buffered writes that become true together, or not at all. Keys and values are borrowed until the commit has
 * settled. Use it through {@link Metastore.transact} unless outcomes are the subject.
 */
export interface Transaction extends ReadTransaction {
  /** Fails the commit if somebody changed the key since the snapshot. */
  addReadConflict(key: Uint8Array): void;
  addReadConflictRange(range: KeyRange): void;

  set(key: Uint8Array, value: Uint8Array): void;
  clear(key: Uint8Array): void;
  clearRange(range: KeyRange): void;
  /** Sets the value with its first 8 bytes replaced by the commit's version, big endian. Versions only rise. */
  setVersionstamped(key: Uint8Array, value: Uint8Array): void;
  /** Adds to a row of 8 bytes, a signed little-endian number, 0 if missing. Neither reads nor conflicts. Wraps. */
  add(key: Uint8Array, delta: bigint): void;
  /** Raises a row of 8 bytes, a signed little-endian number, to `value`; a missing one becomes it. Like `add`. */
  max(key: Uint8Array, value: bigint): void;

  commit(options?: CommitOptions): Promise<CommitOutcome>;
  /** Drops it. Harmless after a commit. */
  cancel(): void;
}

/**
 * - `committed`: durable, at a version that is above that of every commit before it. 0n if nothing was written.
 * - `conflict`: nothing was written; somebody changed what was read.
 * - `unknown`: it may have been written, or not, and nobody who knows could be asked in time. Find out by reading: once
 *   an owner of the store has answered five seconds later, it will not be written any more.
 */
export type CommitOutcome =
  | { readonly kind: "committed"; readonly version: bigint }
  | { readonly kind: "conflict" }
  | { readonly kind: "unknown" };

export interface CommitOptions extends SignalOptions {
  /** It may use the room that a full store keeps back: for what frees rows, or what a cluster cannot live without. */
  readonly reserve?: boolean;
}

export interface TransactOptions extends CommitOptions {
  /**
   * The body may be run again after a commit whose outcome is unknown: it finds its own earlier effect, or its effect
   * twice is the same as once. Without it, an unknown outcome is thrown as `COMMIT_UNKNOWN`.
   */
  readonly repeatable?: boolean;
  /** No try begins later. Default 10 s. An abort, unlike this, gives up on a commit under way. */
  readonly timeoutMs?: number;
}

export type MetastoreErrorCode =
  /** `invalid`. */
  | "TRANSACTION_TOO_LARGE"
  /** `invalid`: an empty key, or one that begins with 0xff, where rows of the metastore itself stand. */
  | "KEY_INVALID"
  /** `invalid`: a row was read that this transaction itself has given the version it will have. */
  | "VERSION_NOT_YET_KNOWN"
  /** `retry`: its snapshot is gone. */
  | "TRANSACTION_TOO_OLD"
  /** `conflict`: tried again until the time ran out. */
  | "TRANSACTION_CONFLICT"
  /** `unknown-outcome`. */
  | "COMMIT_UNKNOWN"
  /** `retry`: this process does not own the store, or not any more. */
  | "NOT_OWNER"
  /** `retry`: too many commits wait. Nothing was written. */
  | "METASTORE_BUSY"
  /** `closed`: it was closed in this process. */
  | "METASTORE_CLOSED"
  /** `unavailable`: the store does not answer. Nothing was written. */
  | "STORE_UNREACHABLE"
  /** `unavailable`: the disk is full, or has room for what frees rows alone. Nothing was written. */
  | "STORE_FULL"
  /** `corrupt`: the store's files are damaged, or of another version. */
  | "STORE_CORRUPT";

export type MetastoreError = PondError<MetastoreErrorCode>;

export interface BeginOptions extends SignalOptions {
  /** How long to wait for an owner of the store; then `NOT_OWNER`. Default 15 s. */
  readonly timeoutMs?: number;
}

export interface Metastore {
  begin(options?: BeginOptions): Promise<Transaction>;

  /**
   * Runs the body and commits what it wrote; runs it again, with a fresh snapshot, on a conflict or when the owner
   * changed. What the body throws cancels the transaction and is thrown. The body has no other effects: it may run more
   * than once, and what it returned in a run that did not commit is forgotten.
   */
  transact<T>(body: (transaction: Transaction) => Promise<T>, options?: TransactOptions): Promise<T>;
}
