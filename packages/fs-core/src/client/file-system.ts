/**
 * The file system as programs see it: `connect(url)` gives one. Paths are absolute within the file system, in UTF-8, with
 * `/` between names; `.` and `..` and symbolic links are followed as POSIX says. Offsets and lengths of files are `bigint`,
 * counts of bytes in memory are numbers.
 *
 * Everything is a promise and takes a signal. An abort rejects with `signal.reason` at once; what was asked may still
 * happen, unless the operation says otherwise. Errors are `FsError`s with the errno's name as their code, and
 * `PondError`s of the cluster where it did not answer in time: kind `unknown-outcome` if it may have happened.
 *
 * What is seen of others' changes: bytes at once, where a file is read within the length that is known of it; its length
 * at once, where a read would go past that. What a handle knows otherwise may be as old as the setting `freshMs` (5 s):
 * that all of a file's data was replaced (opened with `w`, or written whole), and, while nobody had the file open to
 * write when it was last asked about, what was read ahead of a reader from front to back. With `freshMs` 0 each read asks.
 * Handles of one `FileSystem` see each other's changes at once.
 */

import type { Readable, Writable } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import type { SignalOptions } from "@smallpond/base";
import type { Inode, InodeKind } from "../meta/model/inode.ts";

/** As `fopen` names them: `r`, `r+`, `w` (made or emptied), `wx` (made, must not exist), `a` (every write to the end), … */
export type OpenFlags = "r" | "r+" | "w" | "w+" | "wx" | "wx+" | "a" | "a+" | "ax" | "ax+";

export interface OpenOptions extends SignalOptions {
  /** Of a file that is made. Default 0o644. */
  readonly mode?: number;
}

/** What `stat` tells. */
export interface FileStat {
  readonly inode: bigint;
  readonly kind: InodeKind;
  /** Bytes; of directories and special files 0, of symbolic links the target's. */
  readonly size: bigint;
  /** The lower twelve bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly birthNs: bigint;
  /** Rises when all of a file's bytes are replaced; 0 of what is no file. With `mtimeNs` and `size` it names content. */
  readonly dataVersion: number;
  /** All that the metadata service said. */
  readonly whole: Inode;
}

export interface DirectoryItem {
  readonly name: string;
  readonly kind: InodeKind;
  readonly inode: bigint;
}

export interface ReadRequest {
  readonly file: FileHandle;
  readonly offset: bigint;
  /** Filled from its start. */
  readonly into: Uint8Array;
}

export interface WriteFileOptions extends SignalOptions {
  readonly mode?: number;
  /** `EEXIST` where the name is taken. */
  readonly exclusive?: boolean;
}

export interface RemoveOptions extends SignalOptions {
  /** Directories with all that is in them. */
  readonly recursive?: boolean;
  /** What is not there is no error. */
  readonly force?: boolean;
}

export interface RenameOptions extends SignalOptions {
  /** `EEXIST` where the new name is taken. */
  readonly noReplace?: boolean;
  /** Both names exist, and change places. */
  readonly exchange?: boolean;
}

export interface CopyOptions extends SignalOptions {
  readonly exclusive?: boolean;
  readonly onProgress?: (bytes: number) => void;
}

export interface FileSystemSpace {
  readonly bytesTotal: bigint;
  readonly bytesFree: bigint;
  /** Nothing: there is no limit. */
  readonly inodesTotal: bigint | undefined;
  readonly inodesFree: bigint | undefined;
}

export interface FileSystem extends AsyncDisposable {
  /** Where it is, without any token. */
  readonly url: string;

  open(path: string, flags?: OpenFlags, options?: OpenOptions): Promise<FileHandle>;
  /** Many reads, of any files, in as few messages as can be; each request's count of bytes, fewer at a file's end. */
  readMany(requests: readonly ReadRequest[], options?: SignalOptions): Promise<readonly number[]>;
  readFile(path: string, options?: SignalOptions): Promise<Uint8Array>;
  /** Small content is written together with the inode, in one transaction. Otherwise not atomic: see `rename`. */
  writeFile(path: string, content: Uint8Array | string, options?: WriteFileOptions): Promise<void>;
  copy(from: string, to: string, options?: CopyOptions): Promise<void>;

  /** Follows a symbolic link at the end; `lstat` does not. `ENOENT` where nothing is. */
  stat(path: string, options?: SignalOptions): Promise<FileStat>;
  lstat(path: string, options?: SignalOptions): Promise<FileStat>;
  /** In the order of the paths, with links followed; undefined for what is not there. */
  statMany(paths: readonly string[], options?: SignalOptions): Promise<readonly (FileStat | undefined)[]>;
  exists(path: string, options?: SignalOptions): Promise<boolean>;

  /** In the order of the names' bytes. What is made or removed meanwhile may or may not be seen; nothing is seen twice. */
  readdir(path: string, options?: SignalOptions): AsyncIterable<DirectoryItem>;
  mkdir(
    path: string,
    options?: SignalOptions & { readonly recursive?: boolean; readonly mode?: number },
  ): Promise<void>;
  rmdir(path: string, options?: SignalOptions): Promise<void>;
  rm(path: string, options?: RemoveOptions): Promise<void>;
  unlink(path: string, options?: SignalOptions): Promise<void>;
  rename(from: string, to: string, options?: RenameOptions): Promise<void>;
  link(existing: string, path: string, options?: SignalOptions): Promise<void>;
  symlink(target: string, path: string, options?: SignalOptions): Promise<void>;
  readlink(path: string, options?: SignalOptions): Promise<string>;
  realpath(path: string, options?: SignalOptions): Promise<string>;

  truncate(path: string, length: bigint, options?: SignalOptions): Promise<void>;
  chmod(path: string, mode: number, options?: SignalOptions): Promise<void>;
  chown(
    path: string,
    owner: { readonly uid?: number; readonly gid?: number },
    options?: SignalOptions,
  ): Promise<void>;
  utimes(
    path: string,
    times: { readonly atimeNs?: bigint; readonly mtimeNs?: bigint },
    options?: SignalOptions,
  ): Promise<void>;
  getXattr(path: string, name: string, options?: SignalOptions): Promise<Uint8Array | undefined>;
  setXattr(path: string, name: string, value: Uint8Array, options?: SignalOptions): Promise<void>;
  removeXattr(path: string, name: string, options?: SignalOptions): Promise<void>;
  listXattrs(path: string, options?: SignalOptions): Promise<readonly string[]>;

  space(options?: SignalOptions): Promise<FileSystemSpace>;

  /** Closes files that are still open, then the connections. Rejects if one of them does. Idempotent. */
  close(): Promise<void>;
}

/**
 * An open file. Small writes are gathered and sent behind the caller's back, a second later at the latest; they are with
 * the storage services, and seen by other clients, once `sync`, `close`, `stat` or a read of the same bytes has resolved. A
 * write that fails later is told once, by the next `write`, which then writes nothing, `sync` or `close`. A write across
 * chunks is not atomic (I3). Appends go to the end as it is when they are sent: those of one handle in their order, each
 * of them whole.
 */
export interface FileHandle extends AsyncDisposable {
  readonly path: string;
  readonly inode: bigint;

  /** Fills `into` from its start, from `offset` of the file on: fewer bytes only at the file's end. Holes are zeros. */
  read(into: Uint8Array, at: { readonly offset: bigint } & SignalOptions): Promise<number>;
  /** One after another into several buffers. */
  readv(into: readonly Uint8Array[], at: { readonly offset: bigint } & SignalOptions): Promise<number>;
  /**
   * All of it, or an error, after which any part may have been written. The bytes are borrowed until it resolves. Without
   * an offset it goes behind the handle's last write, at first to the start. A file opened to append ignores the offset.
   */
  write(bytes: Uint8Array, at?: { readonly offset?: bigint } & SignalOptions): Promise<void>;
  writev(bytes: readonly Uint8Array[], at?: { readonly offset?: bigint } & SignalOptions): Promise<void>;
  truncate(length: bigint, options?: SignalOptions): Promise<void>;
  /**
   * All that was written through this handle is durable as the cluster's targets are, and the length and times are told
   * to everybody.
   */
  sync(options?: SignalOptions): Promise<void>;
  stat(options?: SignalOptions): Promise<FileStat>;

  /** Read ahead, from `start` to before `end`. */
  readable(range?: { readonly start?: bigint; readonly end?: bigint } & SignalOptions): Readable;
  readableWeb(
    range?: { readonly start?: bigint; readonly end?: bigint } & SignalOptions,
  ): ReadableStream<Uint8Array>;
  /** From `start` on. Ending it syncs the file and leaves it open. */
  writable(options?: { readonly start?: bigint } & SignalOptions): Writable;
  writableWeb(options?: { readonly start?: bigint } & SignalOptions): WritableStream<Uint8Array>;

  /** `sync`, and the end of the session. Idempotent. Rejects if what was written and not told of yet may not be there. */
  close(options?: SignalOptions): Promise<void>;
}
