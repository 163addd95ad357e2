/**
 * Memory that processes share. Only the addon can map it: without one every call here fails with `NATIVE_MISSING`, and
 * `capabilities()` says so beforehand.
 */
import { type ErrorKind, PondError } from "@smallpond/base";
import type { BufferLease, Region } from "../memory/lease.ts";

/**
 * A mapping of shared memory. What others write shows at once, in no order but that of `Atomics`; whoever shares memory
 * with people it does not trust copies a value before it checks it.
 */
export interface SharedMemory extends Disposable {
  /** Its path, or what it was called when it was made. */
  readonly name: string;
  readonly region: Region;
  readonly bytes: number;
  /** What is written to memory that is not stays in this process. */
  readonly isWritable: boolean;
  /** To pass to another process. Owned by this object. */
  readonly descriptor: number;

  /** A part of it as a lease, so that disks and sockets read into shared memory. Give leases back before closing. */
  lease(part?: { readonly offset?: number; readonly length?: number }): BufferLease;

  /** Gives the mapping back: views of it are empty from then on. The memory lives on with others who have it. Idempotent. */
  close(): void;
}

/**
 * Codes are the kernel's names, and five of ours: `ECLOSED` is a wait for an event
 * that was closed here, `TOO_SMALL` memory with fewer bytes than asked for, `NOT_SEALED`
 * memory that its owner could take away from under its users, `NATIVE_MISSING` that there is no addon, `EOTHER` anything
 * else, its name in `cause`.
 */
export type SharedMemoryErrorCode =
  | "ENOENT"
  | "EEXIST"
  | "EACCES"
  | "EINVAL"
  | "ENOSPC"
  | "ENOMEM"
  | "EMFILE"
  | "EOPNOTSUPP"
  | "TOO_SMALL"
  | "NOT_SEALED"
  | "ECLOSED"
  | "NATIVE_MISSING"
  | "EOTHER";

export interface SharedMemoryErrorDetails {
  readonly operation: string;
  readonly name: string;
}

export type SharedMemoryError = PondError<SharedMemoryErrorCode, SharedMemoryErrorDetails>;

const KINDS: Readonly<Record<SharedMemoryErrorCode, ErrorKind>> = {
  ENOENT: "unavailable",
  EEXIST: "conflict",
  EACCES: "invalid",
  EINVAL: "invalid",
  ENOSPC: "unavailable",
  ENOMEM: "unavailable",
  EMFILE: "unavailable",
  EOPNOTSUPP: "unavailable",
  TOO_SMALL: "invalid",
  NOT_SEALED: "invalid",
  ECLOSED: "closed",
  NATIVE_MISSING: "unavailable",
  EOTHER: "internal",
};

const PHRASES: Partial<Record<SharedMemoryErrorCode, string>> = {
  ENOENT: "it does not exist",
  EEXIST: "something of that name exists",
  EACCES: "it belongs to somebody else",
  ENOSPC: "its file system has no room for it",
  ENOMEM: "there is not enough memory",
  EMFILE: "this process may not open more files",
  EOPNOTSUPP: "its file system cannot reserve memory",
  TOO_SMALL: "it has fewer bytes than were asked for",
  NOT_SEALED: "whoever made it could still make it smaller",
  ECLOSED: "it was closed here",
};

const HINTS: Partial<Record<SharedMemoryErrorCode, string>> = {
  ENOSPC: "give it more room: mount -o remount,size=<bytes> /dev/shm",
  EMFILE: "raise the limit: ulimit -n",
  NOT_SEALED: "make it with createSealedMemory",
  NATIVE_MISSING: "build the addon: npm start does, with a C++ compiler (apt-get install g++)",
};

export function sharedMemoryError(
  code: string,
  details: SharedMemoryErrorDetails,
  options: { readonly cause?: unknown; readonly reason?: string } = {},
): SharedMemoryError {
  const known = Object.hasOwn(KINDS, code) ? (code as SharedMemoryErrorCode) : "EOTHER";
  const phrase = options.reason ?? PHRASES[known] ?? code;
  return new PondError(known, {
    kind: KINDS[known],
    message: `cannot ${details.operation} shared memory ${details.name}: ${phrase}`,
    details,
    hint: HINTS[known],
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}
