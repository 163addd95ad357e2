/** `F_UNLCK` and `LOCK_UN`: gives up a range, whatever of it is held. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { nothing, struct } from "../../wire/codec/index.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { type LockOwner, type LockRange, lockOwnerCodec, lockRangeCodec, sameOwner } from "./lock.ts";
import { loadLocks, storeLocks } from "./lock-rows.ts";
import { overlaps, release } from "./lock-table.ts";
import { requireOwnLocks } from "./lockable.ts";

export interface UnlockQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly owner: LockOwner;
  readonly range: LockRange;
}

export const unlock: Operation<UnlockQuestion, undefined> = mutation({
  frees: true,
  method: metaMethod({
    number: 97,
    name: "unlock",
    question: struct({
      ...mutationFields,
      inode: inodeIdCodec,
      owner: lockOwnerCodec,
      range: lockRangeCodec,
    }),
    answer: nothing,
  }),
  check: ({ client, inode, owner }) => requireOwnLocks(client, inode, owner),
  async run({ transaction }, { inode, owner, range }) {
    const before = await loadLocks(transaction, inode);
    const held = before.held.some((lock) => sameOwner(lock.owner, owner) && overlaps(lock, range));
    if (held) storeLocks(transaction, inode, before, release(before, owner, range));
    return undefined;
  },
});
