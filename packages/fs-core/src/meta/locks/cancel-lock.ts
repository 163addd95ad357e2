/** A signal ended the wait for a lock: its place in the queue is given up. A lock that was granted meanwhile stays. */
import { type InodeId, inodeIdCodec, type RequestId, requestIdCodec } from "../../ids.ts";
import { nothing, struct } from "../../wire/codec/index.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { loadLocks, storeLocks } from "./lock-rows.ts";
import { withoutTicket } from "./lock-table.ts";

export interface CancelLockQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly ticket: RequestId;
}

export const cancelLock: Operation<CancelLockQuestion, undefined> = mutation({
  frees: true,
  method: metaMethod({
    number: 100,
    name: "cancelLock",
    question: struct({ ...mutationFields, inode: inodeIdCodec, ticket: requestIdCodec }),
    answer: nothing,
  }),
  async run({ transaction }, { client, inode, ticket }) {
    const before = await loadLocks(transaction, inode);
    const mine = before.waiting.some((waiter) => waiter.ticket === ticket && waiter.owner.client === client);
    if (mine) storeLocks(transaction, inode, before, withoutTicket(before, ticket));
    return undefined;
  },
});
