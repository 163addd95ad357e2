/** The directory that everything is in. */
import { ROOT_INODE } from "../../ids.ts";
import type { Transaction } from "../../metastore/transaction.ts";
import { readInodeRow } from "./reads.ts";
import { addInode } from "./writes.ts";

/** Makes the root where there is none: 0755, of uid and gid 0. Whether it was made. */
export async function ensureRoot(transaction: Transaction, nowNs: bigint): Promise<boolean> {
  if ((await readInodeRow(transaction, ROOT_INODE)) !== undefined) return false;
  addInode(transaction, {
    kind: "directory",
    id: ROOT_INODE,
    mode: 0o755,
    uid: 0,
    gid: 0,
    nlink: 2,
    atimeNs: nowNs,
    mtimeNs: nowNs,
    ctimeNs: nowNs,
    birthNs: nowNs,
    flags: 0,
    quota: 0,
    parent: ROOT_INODE,
    layout: { table: undefined, chunkBytes: undefined, stripe: undefined },
    lock: undefined,
  });
  return true;
}
