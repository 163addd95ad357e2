/**
 * Storage of one machine as a dependency: what staging directories and chunk files need, and no more.
 *
 * Paths are absolute or relative to wherever the implementation starts, with `/` between parts. Every expected
 * failure is thrown as a {@link DiskError}: match on its `code`. Calls are not abortable, because the kernel does not
 * take a disk operation back; a caller with a signal checks it between calls.
 *
 * Durability is explicit. Bytes are durable after `DiskFile.sync` (or `writeFile` with `sync`), and a name (created,
 * renamed, linked or removed) after `syncDirectory` of its parent. Without these a power cut may undo either.
 */
import { assert } from "./assert.ts";
import { type ErrorKind, PondError } from "./errors.ts";

/** Codes are the kernel's names. `EBADF` is a closed handle; `EOTHER` is anything not listed, its name in `cause`. */
export type DiskErrorCode =
  | "ENOENT"
  | "EEXIST"
  | "ENOTDIR"
  | "EISDIR"
  | "ENOTEMPTY"
  | "ENOSPC"
  | "EDQUOT"
  | "EFBIG"
  | "EACCES"
  | "EPERM"
  | "EROFS"
  | "EXDEV"
  | "EMLINK"
  | "ELOOP"
  | "ENAMETOOLONG"
  | "EINVAL"
  | "EBUSY"
  | "EMFILE"
  | "ENFILE"
  | "EIO"
  | "EBADF"
  | "EOTHER";

export interface DiskErrorDetails {
  /** The method that failed. */
  readonly operation: string;
  readonly path: string;
  /** The destination, where the operation has two paths. */
  readonly to?: string;
}

export type DiskError = PondError<DiskErrorCode, DiskErrorDetails>;

/** At least one of `read` and `write`. Without `create` the file must exist. */
export interface OpenOptions {
  readonly read?: boolean;
  readonly write?: boolean;
  /** Makes the file if it is missing; needs `write`. */
  readonly create?: boolean;
  /** Fails with `EEXIST` if the file is there; needs `create`. Exactly one of many openers succeeds. */
  readonly exclusive?: boolean;
  /** Empties an existing file; needs `write`. */
  readonly truncate?: boolean;
  /**
   * A hint for files of large pieces that are written once: where that is possible, whole aligned pages that are written do
   * not go through the kernel's page cache. Changes nothing of what is read or durable.
   */
  readonly writesPastCache?: boolean;
}

export interface WriteFileOptions {
  /** Returns only when the bytes are durable. The name still needs `syncDirectory`. */
  readonly sync?: boolean;
  /** Fails with `EEXIST` instead of replacing a file. */
  readonly exclusive?: boolean;
}

/** Two paths, named because swapping them loses data. */
export interface FromTo {
  readonly from: string;
  readonly to: string;
}

export type EntryType = "file" | "directory" | "symlink" | "other";

export interface DirectoryEntry {
  readonly name: string;
  readonly type: EntryType;
}

export interface DiskStat {
  readonly size: number;
  /** Last change of the contents, nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** Last change of the contents or of the inode, nanoseconds since 1970; cannot be set by programs. */
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  /** Which file system it is on: within one of them, names can be moved and linked. */
  readonly device: bigint;
  readonly isFile: boolean;
  readonly isDirectory: boolean;
}

/** A directory that goes, with everything in it, when disposed of. */
export interface TempDirectory extends AsyncDisposable {
  readonly path: string;
}

export interface Disk {
  open(path: string, options: OpenOptions): Promise<DiskFile>;

  /** The whole file, owned by the caller. For files known to be small; open large ones. */
  readFile(path: string): Promise<Uint8Array>;

  /**
   * Creates or replaces a file. Not atomic: a crash may leave part of it, so publish by `rename` or `link` of a
   * synced file. Text is written as UTF-8.
   */
  writeFile(path: string, data: Uint8Array | string, options?: WriteFileOptions): Promise<void>;

  /** Copies one file's contents, replacing `to` unless `exclusive`. Not atomic. */
  copyFile(paths: FromTo, options?: WriteFileOptions): Promise<void>;

  /**
   * Moves a name in one step, replacing a file (or an empty directory) at `to`. Readers see the old or the new,
   * never neither. `EXDEV` when the two are on different file systems.
   */
  rename(paths: FromTo): Promise<void>;

  /** A second name for a file; `EEXIST` if `to` is taken, which makes it a put-if-absent. */
  link(paths: FromTo): Promise<void>;

  /** Removes one name of a file. */
  unlink(path: string): Promise<void>;

  /** Without `recursive` the parent must exist and the directory must not; with it, both are made as needed. */
  mkdir(path: string, options?: { readonly recursive?: boolean }): Promise<void>;

  /** The entries in order of name (by UTF-16 code unit), so that every run sees the same order. */
  readdir(path: string): Promise<readonly DirectoryEntry[]>;

  /** Follows symbolic links. */
  stat(path: string): Promise<DiskStat>;

  /** Where the path leads when all symbolic links are followed; absolute. Something must be there. */
  realPath(path: string): Promise<string>;

  /** Whether something is there. Only a missing path is false; other failures throw. */
  exists(path: string): Promise<boolean>;

  /** Removes a file or a whole directory. Links are removed, never followed. A missing path is fine. */
  removeTree(path: string): Promise<void>;

  /** Makes changes to the directory's names durable. */
  syncDirectory(path: string): Promise<void>;

  /** Bytes an unprivileged process can still write on the file system that holds `path`. */
  freeBytes(path: string): Promise<number>;

  /** A new empty directory with an unused name below `parent`, or below the machine's place for such. */
  tempDirectory(options?: { readonly parent?: string; readonly prefix?: string }): Promise<TempDirectory>;
}

/**
 * An open file. Positions and sizes are bytes, safe integers. Buffers are borrowed until the promise settles.
 * Calls may overlap; overlapping writes to the same bytes land in either order.
 */
export interface DiskFile extends AsyncDisposable {
  readonly path: string;

  /** Fills `buffer` from `position`; returns the bytes read, fewer than its length only at the end of the file. */
  readAt(buffer: Uint8Array, position: number): Promise<number>;

  /** Writes the whole buffer. Beyond the end, the gap reads as zeros. After an error any part may be written. */
  writeAt(buffer: Uint8Array, position: number): Promise<void>;

  size(): Promise<number>;

  /** Cuts the file, or extends it with zeros. */
  truncate(size: number): Promise<void>;

  /**
   * Reserves the space of a range and makes the file at least that long, so that `ENOSPC` comes now and not from a later
   * write. Missing where the implementation cannot.
   */
  allocate?(position: number, bytes: number): Promise<void>;

  /**
   * Gives the space of a range back where the file system can; it reads as zeros, and the size stays. Missing where the
   * implementation cannot.
   */
  punchHole?(position: number, bytes: number): Promise<void>;

  /** Makes bytes and metadata durable. After an `EIO` from here the unsynced bytes are lost: do not try again. */
  sync(): Promise<void>;

  /** Like `sync`, without metadata that reading the bytes back does not need. */
  datasync(): Promise<void>;

  /** Waits for calls in flight, then releases the file. Idempotent. Later calls fail with `EBADF`. */
  close(): Promise<void>;
}

const KINDS: Readonly<Record<DiskErrorCode, ErrorKind>> = {
  ENOENT: "invalid",
  EEXIST: "conflict",
  ENOTDIR: "invalid",
  EISDIR: "invalid",
  ENOTEMPTY: "conflict",
  ENOSPC: "unavailable",
  EDQUOT: "unavailable",
  EFBIG: "invalid",
  EACCES: "invalid",
  EPERM: "invalid",
  EROFS: "unavailable",
  EXDEV: "invalid",
  EMLINK: "invalid",
  ELOOP: "invalid",
  ENAMETOOLONG: "invalid",
  EINVAL: "invalid",
  EBUSY: "retry",
  EMFILE: "retry",
  ENFILE: "retry",
  EIO: "unavailable",
  EBADF: "closed",
  EOTHER: "internal",
};

const PHRASES: Partial<Record<DiskErrorCode, string>> = {
  ENOENT: "it does not exist",
  EEXIST: "it already exists",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "it is a directory",
  ENOTEMPTY: "the directory is not empty",
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the disk quota is used up",
  EACCES: "permission is denied",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  EXDEV: "the two paths are on different file systems",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  EIO: "the disk reported an I/O error",
  EBADF: "the file was closed",
};

/** The error every implementation of {@link Disk} throws. An unknown code becomes `EOTHER`. */
export function diskError(code: string, details: DiskErrorDetails, options?: { cause?: unknown }): DiskError {
  const known: DiskErrorCode = Object.hasOwn(KINDS, code) ? (code as DiskErrorCode) : "EOTHER";
  const where = details.to === undefined ? details.path : `${details.path} to ${details.to}`;
  return new PondError(known, {
    kind: known === "EIO" && MUTATIONS.has(details.operation) ? "unknown-outcome" : KINDS[known],
    message: `cannot ${details.operation} ${where}: ${PHRASES[known] ?? code}`,
    details,
    hint:
      known === "ENOSPC" || known === "EDQUOT" ? "free some space or choose another directory" : undefined,
    ...(options?.cause === undefined ? {} : { cause: options.cause }),
  });
}

/** Asserts that open options make sense together. Every implementation checks, so that none is more lenient. */
export function assertOpenOptions(options: OpenOptions): void {
  const { read = false, write = false, create = false, exclusive = false, truncate = false } = options;
  assert(read || write, "a file is opened to read, to write or both");
  assert(write || !create, "create needs write");
  assert(create || !exclusive, "exclusive needs create");
  assert(write || !truncate, "truncate needs write");
}

/** After an I/O error in one of these nobody knows what reached the disk. */
const MUTATIONS: ReadonlySet<string> = new Set([
  "writeAt",
  "writeFile",
  "copyFile",
  "truncate",
  "allocate",
  "punchHole",
  "sync",
  "datasync",
  "rename",
  "link",
  "unlink",
  "mkdir",
  "removeTree",
  "syncDirectory",
]);
