/** `F_GETLK`: what stands in the way of a lock. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { optional, struct } from "../../wire/codec/index.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { type FileLock, fileLockCodec } from "./lock.ts";
import { loadLocks } from "./lock-rows.ts";
import { conflictingLock } from "./lock-table.ts";
import { requireLockable } from "./lockable.ts";

export interface TestLockQuestion extends QuestionHeader {
  readonly inode: InodeId;
  readonly lock: FileLock;
}

export interface TestLockAnswer {
  /** Missing: it could be had, if nobody waits for it. */
  readonly inTheWay: FileLock | undefined;
}

export const testLock: Operation<TestLockQuestion, TestLockAnswer> = query({
  method: metaMethod({
    number: 98,
    name: "testLock",
    question: struct({ ...questionFields, inode: inodeIdCodec, lock: fileLockCodec }),
    answer: struct({ inTheWay: optional(fileLockCodec) }),
  }),
  async run({ transaction, user }, { inode, lock }) {
    const [table] = await Promise.all([
      loadLocks(transaction, inode),
      requireLockable(transaction, user, inode),
    ]);
    return { inTheWay: conflictingLock(table, lock) };
  },
});
