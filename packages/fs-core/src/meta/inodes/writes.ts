/** Changes of rows that go together: an inode and what counts it, an entry and its directory's times and links. */
import type { InodeId } from "../../ids.ts";
import { prefixRange } from "../../metastore/keys.ts";
import type { Transaction } from "../../metastore/transaction.ts";
import { encode } from "../../wire/codec/index.ts";
import type { Entry, Inode } from "../model/inode.ts";
import { putGarbage } from "../rows/garbage-row.ts";
import { entryRow, inodeRow } from "../rows/inode-row.ts";
import {
  appendKey,
  dataVersionKey,
  directoryLinksKey,
  directoryTimeKey,
  entryKey,
  inlineKey,
  inodeKey,
  locksKey,
  quotaBytesKey,
  quotaInodesKey,
  xattrKey,
} from "../rows/keys.ts";

/** Bytes that an inode counts for in its quota. */
export function bytesOf(inode: Inode): bigint {
  return inode.kind === "file" ? inode.length : 0n;
}

/** Changes a quota's usage, blindly. Quota 0 is not counted. */
export function charge(
  transaction: Transaction,
  quota: number,
  usage: { readonly inodes?: bigint; readonly bytes?: bigint },
): void {
  if (quota === 0) return;
  const { inodes = 0n, bytes = 0n } = usage;
  if (inodes !== 0n) transaction.add(quotaInodesKey(quota), inodes);
  if (bytes !== 0n) transaction.add(quotaBytesKey(quota), bytes);
}

/** Writes a new inode and counts it. */
export function addInode(transaction: Transaction, inode: Inode): void {
  putInode(transaction, inode);
  charge(transaction, inode.quota, { inodes: 1n, bytes: bytesOf(inode) });
}

/** Writes an inode again. Whoever changes its length or quota charges the difference. */
export function putInode(transaction: Transaction, inode: Inode): void {
  transaction.set(inodeKey(inode.id), encode(inodeRow, inode));
}

/** Takes an inode and all rows that are its own away, and counts it no more. Its entries are the caller's. */
export function dropInode(transaction: Transaction, inode: Inode): void {
  const { id, kind } = inode;
  transaction.clear(inodeKey(id));
  transaction.clearRange(prefixRange(xattrKey(id, "")));
  if (kind === "directory") {
    transaction.clear(directoryTimeKey(id));
    transaction.clear(directoryLinksKey(id));
  }
  if (kind === "file") {
    for (const key of [inlineKey(id), dataVersionKey(id), appendKey(id)]) transaction.clear(key);
  }
  transaction.clear(locksKey(id));
  charge(transaction, inode.quota, { inodes: -1n, bytes: -bytesOf(inode) });
}

/** Writes an entry where none was, or over another of the same kind of thing. */
export function putEntry(transaction: Transaction, directory: InodeId, name: string, inode: Inode): void {
  const entry: Entry = { inode: inode.id, kind: inode.kind };
  transaction.set(entryKey(directory, name), encode(entryRow, entry));
}

export function dropEntry(transaction: Transaction, directory: InodeId, name: string): void {
  transaction.clear(entryKey(directory, name));
}

/** Notes that a directory's entries changed, and how many more directories are in it. */
export function touchDirectory(
  transaction: Transaction,
  directory: InodeId,
  nowNs: bigint,
  moreDirectories: number = 0,
): void {
  transaction.max(directoryTimeKey(directory), nowNs);
  if (moreDirectories !== 0) transaction.add(directoryLinksKey(directory), BigInt(moreDirectories));
}

/**
 * Takes one link of what is no directory away. Without a link left, a file goes to the collector, who keeps it while
 * sessions have it open; anything else goes at once.
 */
export function dropLink(
  transaction: Transaction,
  inode: Exclude<Inode, { readonly kind: "directory" }>,
  options: { readonly nowNs: bigint; readonly garbageDelayMs: number },
): void {
  const { nowNs, garbageDelayMs } = options;
  if (inode.nlink > 1) {
    putInode(transaction, { ...inode, nlink: inode.nlink - 1, ctimeNs: nowNs });
  } else if (inode.kind === "file") {
    putInode(transaction, { ...inode, nlink: 0, ctimeNs: nowNs });
    putGarbage(transaction, {
      inode: inode.id,
      dataVersion: inode.dataVersion,
      dueMs: Number(nowNs / 1_000_000n) + garbageDelayMs,
      garbage: { kind: "file" },
    });
  } else {
    dropInode(transaction, inode);
  }
}
