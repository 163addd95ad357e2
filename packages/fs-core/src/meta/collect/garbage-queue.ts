/** A shard's queue of garbage: what is due, and how an item leaves it or moves back. */
import { assert } from "@smallpond/base";
import { type InodeId, inodeId } from "../../ids.ts";
import { key, u64Key } from "../../metastore/keys.ts";
import type { ReadTransaction, Transaction } from "../../metastore/transaction.ts";
import { decode } from "../../wire/codec/index.ts";
import { type Garbage, garbageRow, putGarbage } from "../rows/garbage-row.ts";
import { garbageKey, garbagePrefix } from "../rows/keys.ts";
import type { CollectSettings } from "./settings.ts";

export interface QueuedGarbage {
  readonly key: Uint8Array;
  readonly inode: InodeId;
  readonly dataVersion: number;
  readonly dueMs: number;
  readonly garbage: Garbage;
  readonly failures: number;
}

/** The first items that are due, the longest due first; `more` if others are. */
export async function dueGarbage(
  transaction: ReadTransaction,
  shard: number,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
): Promise<{ readonly items: readonly QueuedGarbage[]; readonly more: boolean }> {
  const begin = garbagePrefix(shard);
  const end = key(begin, u64Key(BigInt(Math.floor(nowMs)) + 1n));
  const { entries, more } = await transaction.range({ begin, end }, { limit, snapshot: true });
  const items = entries.map((row) => ({ ...parseKey(row.key), ...decode(garbageRow, row.value) }));
  return { items, more };
}

/** Whether the item is still there; read before it is changed, so that of two collectors one goes on. */
export async function stillQueued(transaction: ReadTransaction, item: QueuedGarbage): Promise<boolean> {
  return (await transaction.get(item.key)) !== undefined;
}

/** Moves an item to another time. */
export function requeue(
  transaction: Transaction,
  item: QueuedGarbage,
  to: { readonly dueMs: number; readonly failures: number },
): QueuedGarbage {
  const { inode, dataVersion, garbage } = item;
  transaction.clear(item.key);
  const moved = { inode, dataVersion, garbage, dueMs: Math.floor(to.dueMs), failures: to.failures };
  putGarbage(transaction, moved);
  return { ...moved, key: garbageKey(moved.dueMs, inode, { kind: garbage.kind, dataVersion }) };
}

/** As many as are counted. */
export const FAILURES_MAX = 0xffff;

/** How long after a failure an item is tried again. */
export function backoffMs(
  failures: number,
  { retryMs, retryMsMax }: Pick<CollectSettings, "retryMs" | "retryMsMax">,
): number {
  return Math.min(retryMsMax, retryMs * 2 ** Math.min(failures, 30));
}

function parseKey(row: Uint8Array): Omit<QueuedGarbage, "garbage" | "failures"> {
  // 28 where it was queued before keys said the kind: the row says it, too.
  assert(row.length === 32 || row.length === 28, `a key of garbage has 32 bytes, not ${row.length}`);
  const view = new DataView(row.buffer, row.byteOffset, row.length);
  return {
    key: row,
    dueMs: Number(view.getBigUint64(8)),
    inode: inodeId(view.getBigUint64(16)),
    dataVersion: view.getUint32(24),
  };
}
