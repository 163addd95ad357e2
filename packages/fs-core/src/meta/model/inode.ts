/** What the namespace is made of. Times are nanoseconds since 1970, sizes bytes; everything is plain, frozen data. */
import type { ChainTableId, ClientId, InodeId } from "../../ids.ts";

export type InodeKind = "file" | "directory" | "symlink" | "fifo" | "socket" | "character" | "block";

/** How a file's bytes lie on chains: chunk `i` is on the `i mod stripe`-th of the chains that the seed picks. */
export interface Layout {
  /** Erasure coding will be another kind. */
  readonly kind: "replicated";
  readonly table: ChainTableId;
  /** A table's version never changes, so a file finds its chains for as long as it lives. */
  readonly tableVersion: number;
  /** A power of two, 64 KiB to 64 MiB. */
  readonly chunkBytes: number;
  /** On how many chains; fixed when the file is made. */
  readonly stripe: number;
  /** Which ones; see `chainsOf`. */
  readonly seed: number;
}

/** What a directory says about files made in it; what is missing comes from its parent when it is made. */
export interface LayoutChoice {
  readonly table: ChainTableId | undefined;
  readonly chunkBytes: number | undefined;
  readonly stripe: number | undefined;
}

/** Bits of {@link InodeCommon.flags}. */
export const INODE_FLAG: {
  /** Nothing about it changes, entries included. */
  readonly immutable: number;
  /** Bytes or entries are only added. */
  readonly appendOnly: number;
  /** Made without a name and never had one: it may still get its first. */
  readonly nameless: number;
} = { immutable: 1, appendOnly: 2, nameless: 4 };

interface InodeCommon {
  readonly id: InodeId;
  /** The lower twelve bits of `st_mode`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** A directory's is 2 and its subdirectories, and stands in its row of counters. */
  readonly nlink: number;
  /** When it was made, or what `utimens` said: reading does not change it. */
  readonly atimeNs: bigint;
  /** Of a directory: never less than its row of times says. */
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly birthNs: bigint;
  readonly flags: number;
  /** Whose usage it counts to; 0 is nobody's. */
  readonly quota: number;
}

export interface FileInode extends InodeCommon {
  readonly kind: "file";
  /** As last told; while write sessions exist storage may know of more (I3). */
  readonly length: bigint;
  /** Rises with each truncation, so that an older length hint is known to be old. */
  readonly truncateVersion: number;
  /** Chunks belong to one version of a file's data; replacing all of it makes another. From 1. */
  readonly dataVersion: number;
  readonly layout: Layout;
  /** The bytes stand in a row beside the inode, and no chunk exists. */
  readonly inline: boolean;
  /** Write sessions exist, so storage may know of more bytes than `length` says. */
  readonly written: boolean;
  /** Cut to `length`, and chunks past it may still lie on storage: whoever needs the length ends that first. */
  readonly truncating: boolean;
}

export interface DirectoryInode extends InodeCommon {
  readonly kind: "directory";
  /** The root is its own; of a tree that was removed whole, and waits for the collector, {@link DETACHED}. */
  readonly parent: InodeId;
  readonly layout: LayoutChoice;
  /** Who alone may change entries, if anybody. */
  readonly lock: DirectoryLock | undefined;
}

/** The parent of trees that were removed whole: no inode, and no name leads there. */
export const DETACHED: InodeId = 2n as InodeId;

export interface DirectoryLock {
  readonly client: ClientId;
  readonly uid: number;
  /** The client's own words: what it calls itself. */
  readonly owner: string;
}

export interface SymlinkInode extends InodeCommon {
  readonly kind: "symlink";
  readonly target: string;
}

export interface SpecialInode extends InodeCommon {
  readonly kind: "fifo" | "socket" | "character" | "block";
  /** Major and minor device number, as `mknod(2)` takes them; 0 unless `character` or `block`. */
  readonly rdev: number;
}

export type Inode = FileInode | DirectoryInode | SymlinkInode | SpecialInode;

/** A name in a directory. */
export interface Entry {
  readonly inode: InodeId;
  readonly kind: InodeKind;
}
