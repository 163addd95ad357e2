/** How much there is and how much is left: of a directory's quota where it has limits, else of storage. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import { decode, optional, struct, u64 } from "../../wire/codec/index.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { counterRow } from "../rows/inode-row.ts";
import { quotaBytesKey, quotaInodesKey, quotaKey } from "../rows/keys.ts";
import { quotaRow } from "../rows/quota-row.ts";

export interface StatfsQuestion extends QuestionHeader {
  readonly inode: InodeId;
}

export interface StatfsAnswer {
  readonly bytesTotal: bigint;
  readonly bytesFree: bigint;
  /** Nothing: there is no limit. */
  readonly inodesTotal: bigint | undefined;
  readonly inodesFree: bigint | undefined;
}

export const statfs: Operation<StatfsQuestion, StatfsAnswer, NamespaceDeps> = query({
  method: metaMethod({
    number: 16,
    name: "statfs",
    question: struct({ ...questionFields, inode: inodeIdCodec }),
    answer: struct({
      bytesTotal: u64,
      bytesFree: u64,
      inodesTotal: optional(u64),
      inodesFree: optional(u64),
    }),
  }),
  async run({ transaction, deps }, { inode: id }) {
    const asked = { operation: "statfs", subject: `inode ${id}` };
    const { quota } = await requireInodeRow(transaction, id, asked);
    const { bytesTotal, bytesFree } = deps.space;
    const storage = { bytesTotal, bytesFree, inodesTotal: undefined, inodesFree: undefined };
    return quota === 0 ? storage : withinQuota(transaction, quota, storage);
  },
});

async function withinQuota(
  transaction: ReadTransaction,
  quota: number,
  storage: StatfsAnswer,
): Promise<StatfsAnswer> {
  const [limits, inodes, bytes] = await transaction.getMany([
    quotaKey(quota),
    quotaInodesKey(quota),
    quotaBytesKey(quota),
  ]);
  if (limits === undefined) return storage;
  const { bytesMax, inodesMax } = decode(quotaRow, limits);
  const bytesTotal = bytesMax === undefined ? storage.bytesTotal : least(bytesMax, storage.bytesTotal);
  const bytesFree =
    bytesMax === undefined ? storage.bytesFree : least(left(bytesMax, bytes), storage.bytesFree);
  return {
    bytesTotal,
    bytesFree,
    inodesTotal: inodesMax,
    inodesFree: inodesMax === undefined ? undefined : left(inodesMax, inodes),
  };
}

function left(max: bigint, used: Uint8Array | undefined): bigint {
  const rest = max - (used === undefined ? 0n : decode(counterRow, used));
  return rest < 0n ? 0n : rest;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
