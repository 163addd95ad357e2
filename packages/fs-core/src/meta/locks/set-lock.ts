/** `F_SETLK`, `F_SETLKW` and `flock(2)`: takes a lock, or a place in the queue. */
import { type InodeId, inodeIdCodec, type RequestId, requestIdCodec } from "../../ids.ts";
import type { Transaction } from "../../metastore/transaction.ts";
import { bool, struct, word } from "../../wire/codec/index.ts";
import { fsError } from "../model/errors.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { findCircle } from "./deadlock.ts";
import { type FileLock, fileLockCodec, type LockTable } from "./lock.ts";
import { loadLocks, storeLocks, waitGraph } from "./lock-rows.ts";
import { type Blockers, grant } from "./lock-table.ts";
import { requireLockable, requireOwnLocks } from "./lockable.ts";
import { requestLock, standInQueue } from "./request-lock.ts";

export interface SetLockQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly lock: FileLock;
  /** Whether to wait; without it `EAGAIN` is thrown. */
  readonly wait: boolean;
  /** The same each time the client asks for this lock again: it keeps its place in the queue. */
  readonly ticket: RequestId;
}

/** `waiting`: ask again, at once with a new request; who does not is dropped from the queue after a while. */
export interface SetLockAnswer {
  readonly outcome: "granted" | "waiting";
}

export interface LockDeps {
  readonly lockSettings: LockSettings;
}

export interface LockSettings {
  /** A waiter that did not ask again for this long is gone. At least several times the longest wait of one call. */
  readonly waiterStaleMs: number;
}

export const setLock: Operation<SetLockQuestion, SetLockAnswer, LockDeps> = mutation({
  method: metaMethod({
    number: 96,
    name: "setLock",
    question: struct({
      ...mutationFields,
      inode: inodeIdCodec,
      lock: fileLockCodec,
      wait: bool,
      ticket: requestIdCodec,
    }),
    answer: struct({ outcome: word(["granted", "waiting"]) }),
  }),
  check: ({ client, inode, lock }) => requireOwnLocks(client, inode, lock.owner),
  async run({ transaction, user, nowNs, deps }, question) {
    const { inode } = question;
    const [before] = await Promise.all([
      loadLocks(transaction, inode),
      requireLockable(transaction, user, inode),
    ]);
    const times = { nowMs: Number(nowNs / 1_000_000n), ...deps.lockSettings };
    const verdict = requestLock(before, question, times);
    if (verdict.kind === "granted") {
      storeLocks(transaction, inode, before, verdict.table);
      return { outcome: "granted" };
    }
    if (!question.wait) throw fsError("EAGAIN", "lock", `inode ${inode}`, { reason: "somebody else has it" });
    const { table, outcome } = await queued({ transaction, question, times, ...verdict });
    storeLocks(transaction, inode, before, table);
    return { outcome };
  },
});

interface Queueing {
  readonly transaction: Transaction;
  readonly question: SetLockQuestion;
  readonly times: { readonly nowMs: number; readonly waiterStaleMs: number };
  readonly table: LockTable;
  readonly blockers: Blockers;
}

async function queued(queueing: Queueing): Promise<SetLockAnswer & { readonly table: LockTable }> {
  const { transaction, question, times, table, blockers } = queueing;
  const { inode, lock, ticket } = question;
  const standing = { outcome: "waiting", table: standInQueue(table, question, times.nowMs) } as const;
  if (lock.owner.flavour === "flock") return standing;
  const graph = waitGraph(transaction, { staleBeforeMs: times.nowMs - times.waiterStaleMs });
  if (blockers.holders.length > 0) {
    const circle = await findCircle(graph, { from: blockers.holders, target: lock.owner, queues: false });
    if (circle === "circle") throw fsError("EDEADLK", "lock", `inode ${inode}`);
    return standing;
  }
  // Only the order of asking is in the way: where that alone would make everybody wait for ever, it gives way.
  const circle = await findCircle(graph, { from: blockers.earlier, target: lock.owner, queues: true });
  return circle === "circle" ? { outcome: "granted", table: grant(table, lock, ticket) } : standing;
}
