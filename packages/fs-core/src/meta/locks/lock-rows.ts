/** Where locks stand: a row for each inode, and two that lead back to it from clients and from those who wait. */
import { toHex } from "@smallpond/base";
import { type ClientId, type InodeId, inodeId } from "../../ids.ts";
import { key, prefixRange, u64Key } from "../../metastore/keys.ts";
import type { ReadTransaction, Transaction } from "../../metastore/transaction.ts";
import { decode, encode } from "../../wire/codec/index.ts";
import { fsError } from "../model/errors.ts";
import { clientLocksKey, locksKey, lockWaitKey } from "../rows/keys.ts";
import type { WaitGraph } from "./deadlock.ts";
import { LOCK_LIMITS, type LockOwner, type LockTable, lockTableRow, NO_LOCKS, ownerBytes } from "./lock.ts";
import { isEmpty, withoutStale } from "./lock-table.ts";

/** An owner waits on at most this many files at once; there are as many threads as that. */
const WAITS_MAX = 1000;

export async function loadLocks(transaction: ReadTransaction, inode: InodeId): Promise<LockTable> {
  const row = await transaction.get(locksKey(inode));
  return row === undefined ? NO_LOCKS : decode(lockTableRow, row);
}

/** Writes what became of a table, and the rows that lead to it. `ENOLCK` when it is too large. */
export function storeLocks(
  transaction: Transaction,
  inode: InodeId,
  before: LockTable,
  after: LockTable,
): void {
  if (after.held.length > LOCK_LIMITS.heldMax || after.waiting.length > LOCK_LIMITS.waitingMax) {
    throw fsError("ENOLCK", "lock", `inode ${inode}`, { hint: "unlock ranges that are not needed" });
  }
  if (isEmpty(after)) transaction.clear(locksKey(inode));
  else transaction.set(locksKey(inode), encode(lockTableRow, after));
  const rows = (table: LockTable): Map<string, Uint8Array> => leadingRows(inode, table);
  const [old, now] = [rows(before), rows(after)];
  for (const [name, row] of old) if (!now.has(name)) transaction.clear(row);
  for (const [name, row] of now) if (!old.has(name)) transaction.set(row, new Uint8Array(0));
}

export function waitGraph(
  transaction: ReadTransaction,
  times: { readonly staleBeforeMs: number },
): WaitGraph {
  return {
    async waitsOf(owner) {
      const prefix = lockWaitKey(ownerBytes(owner));
      const { entries } = await transaction.range(prefixRange(prefix), { limit: WAITS_MAX });
      return entries.map((entry) => idAtEnd(entry.key));
    },
    async tableOf(inode) {
      return withoutStale(await loadLocks(transaction, inode), times.staleBeforeMs);
    },
  };
}

/** Some inodes that a client has locks on or waits for, beginning after one. */
export async function lockedInodes(
  transaction: ReadTransaction,
  client: ClientId,
  limit: number,
): Promise<readonly InodeId[]> {
  const { entries } = await transaction.range(prefixRange(clientLocksKey(client)), { limit });
  return entries.map((entry) => idAtEnd(entry.key));
}

function leadingRows(inode: InodeId, table: LockTable): Map<string, Uint8Array> {
  const rows = new Map<string, Uint8Array>();
  const add = (row: Uint8Array): void => void rows.set(toHex(row), row);
  for (const { owner } of [...table.held, ...table.waiting]) add(clientLocksKey(owner.client, inode));
  for (const { owner } of table.waiting) add(waitKey(owner, inode));
  return rows;
}

function waitKey(owner: LockOwner, inode: InodeId): Uint8Array {
  return key(lockWaitKey(ownerBytes(owner)), u64Key(inode));
}

function idAtEnd(row: Uint8Array): InodeId {
  return inodeId(new DataView(row.buffer, row.byteOffset + row.length - 8, 8).getBigUint64(0));
}
