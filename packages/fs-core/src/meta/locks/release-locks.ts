/** What closing does: an owner's locks of a file are gone, and it waits for none. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { nothing, struct } from "../../wire/codec/index.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { type LockOwner, lockOwnerCodec, sameOwner } from "./lock.ts";
import { loadLocks, storeLocks } from "./lock-rows.ts";
import { releaseAll } from "./lock-table.ts";
import { requireOwnLocks } from "./lockable.ts";

export interface ReleaseLocksQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly owner: LockOwner;
}

export const releaseLocks: Operation<ReleaseLocksQuestion, undefined> = mutation({
  frees: true,
  method: metaMethod({
    number: 99,
    name: "releaseLocks",
    question: struct({ ...mutationFields, inode: inodeIdCodec, owner: lockOwnerCodec }),
    answer: nothing,
  }),
  check: ({ client, inode, owner }) => requireOwnLocks(client, inode, owner),
  async run({ transaction }, { inode, owner }) {
    const before = await loadLocks(transaction, inode);
    storeLocks(
      transaction,
      inode,
      before,
      releaseAll(before, (other) => sameOwner(other, owner)),
    );
    return undefined;
  },
});
