/** File locks as data: what `flock(2)` and `fcntl(2)` set, told apart by flavour and never in each other's way. */
import { assert } from "@smallpond/base";
import { type ClientId, clientIdCodec, type RequestId, requestIdCodec } from "../../ids.ts";
import {
  type Codec,
  encode,
  list,
  struct,
  u32,
  u64,
  varint,
  versioned,
  word,
} from "../../wire/codec/index.ts";

/** `flock` locks whole files for an open file; `posix` locks ranges for a process. As on Linux they ignore each other. */
export type LockFlavour = "flock" | "posix";
export type LockMode = "shared" | "exclusive";

/** Whose a lock is. Locks of one owner never conflict; a new one takes the place of what it covers. */
export interface LockOwner {
  readonly client: ClientId;
  readonly flavour: LockFlavour;
  /** Of the open file or the process, unique within the client. */
  readonly id: bigint;
}

/** Bytes from `begin` to before `end`. */
export interface LockRange {
  readonly begin: bigint;
  readonly end: bigint;
}

/** The end of a range that reaches to wherever the file will end. */
export const LOCK_END: bigint = 2n ** 63n;
export const WHOLE_FILE: LockRange = { begin: 0n, end: LOCK_END };

export interface FileLock extends LockRange {
  readonly owner: LockOwner;
  readonly mode: LockMode;
  /** Process number for `F_GETLK`; 0 if unknown. */
  readonly pid: number;
}

/** Somebody who wants a lock and asks again until it is free. */
export interface LockWaiter extends FileLock {
  /** Tells two waits of one owner apart; the same each time it asks. */
  readonly ticket: RequestId;
  /** When it asked last, in whole milliseconds by the wall clock of the service that it asked. */
  readonly askedMs: number;
}

/** All locks of one inode. */
export interface LockTable {
  /** An owner's locks of one mode never touch or overlap; in order of owner, then begin. */
  readonly held: readonly FileLock[];
  /** In order of arrival. */
  readonly waiting: readonly LockWaiter[];
}

/** More than that is `ENOLCK`: a table is one row. */
export const LOCK_LIMITS: { readonly heldMax: number; readonly waitingMax: number } = {
  heldMax: 1000,
  waitingMax: 250,
};

export const NO_LOCKS: LockTable = { held: [], waiting: [] };

const flavourCodec: Codec<LockFlavour> = word(["flock", "posix"]);
export const lockModeCodec: Codec<LockMode> = word(["shared", "exclusive"]);

export const lockOwnerCodec: Codec<LockOwner> = struct({
  client: clientIdCodec,
  flavour: flavourCodec,
  id: u64,
});

const rangeFields = { begin: u64, end: u64 } as const;

export const lockRangeCodec: Codec<LockRange> = {
  write: (w, { begin, end }) => {
    assert(begin >= 0n && begin < end && end <= LOCK_END, `not a range: ${begin} to ${end}`);
    rangeCodec.write(w, { begin, end });
  },
  read: (r) => {
    const range = rangeCodec.read(r);
    if (range.begin >= range.end || range.end > LOCK_END) throw r.bad("a range of bytes that is none");
    return range;
  },
};
const rangeCodec = struct(rangeFields);

const lockFields = { owner: lockOwnerCodec, mode: lockModeCodec, ...rangeFields, pid: u32 } as const;

export const fileLockCodec: Codec<FileLock> = struct(lockFields);

export const lockTableRow: Codec<LockTable> = versioned(
  1,
  struct({
    held: list(fileLockCodec, LOCK_LIMITS.heldMax),
    waiting: list(struct({ ...lockFields, ticket: requestIdCodec, askedMs: varint }), LOCK_LIMITS.waitingMax),
  }),
);

export function sameOwner(a: LockOwner, b: LockOwner): boolean {
  return a.id === b.id && a.client === b.client && a.flavour === b.flavour;
}

/** For keys, and to tell owners apart in sets. */
export function ownerBytes(owner: LockOwner): Uint8Array {
  return encode(lockOwnerCodec, owner);
}
