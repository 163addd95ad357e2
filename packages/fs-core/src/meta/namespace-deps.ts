/** What operations on the namespace need beside their transaction. */
import type { SignalOptions } from "@smallpond/base";
import type { ChainTableId, InodeId } from "../ids.ts";
import type { ReadTransaction } from "../metastore/transaction.ts";
import type { FileInode, Layout, LayoutChoice } from "./model/inode.ts";
import type { NamespaceSettings } from "./settings.ts";

export interface NamespaceDeps {
  readonly inodeIds: InodeIdSource;
  readonly layouts: LayoutSource;
  readonly lengths: LengthSource;
  readonly space: SpaceView;
  readonly settings: NamespaceSettings;
}

/** Gives identities of inodes, never one twice. It works apart from the operation's transaction. */
export interface InodeIdSource {
  take(options?: SignalOptions): Promise<InodeId>;
}

export interface LayoutSource {
  /** Where a new file's bytes will lie. Throws `ENODEV` when the table is not there. */
  layoutFor(choice: LayoutChoice, operation: string): Layout;
}

/** The tables of chains that the cluster manager told of. */
export interface ChainTables {
  latest(table: ChainTableId): { readonly version: number; readonly chains: number } | undefined;
}

/** What the length of a file is while somebody may be writing it (I3). */
export interface LengthSource {
  /** The files as they are now, in the same order; whoever tells a length to somebody asks this first. */
  settle(
    transaction: ReadTransaction,
    files: readonly FileInode[],
    options?: SignalOptions,
  ): Promise<readonly FileInode[]>;
}

/** How full storage is, as last told. */
export interface SpaceView {
  /** Bytes that files may have, replicas counted once. */
  readonly bytesTotal: bigint;
  readonly bytesFree: bigint;
  /** Too little is left for another file: making one is `ENOSPC`. */
  readonly full: boolean;
}
