/** What a request for a lock comes to, from one inode's table alone. */
import { type FileLock, type LockTable, type LockWaiter, sameOwner } from "./lock.ts";
import { type Blockers, blockersOf, enqueue, grant, release, withoutStale } from "./lock-table.ts";

export interface LockRequest {
  readonly lock: FileLock;
  readonly ticket: LockWaiter["ticket"];
  /** Whether to stand in the queue when it cannot be had. */
  readonly wait: boolean;
}

export interface LockTimes {
  readonly nowMs: number;
  /** Who did not ask again for this long has gone away. */
  readonly waiterStaleMs: number;
}

/** `blocked`: the table is as it was but for what `flock` gives up and for those who went away. */
export type LockVerdict =
  | { readonly kind: "granted"; readonly table: LockTable }
  | { readonly kind: "blocked"; readonly table: LockTable; readonly blockers: Blockers };

export function requestLock(table: LockTable, request: LockRequest, times: LockTimes): LockVerdict {
  const { lock, ticket } = request;
  const current = convertible(withoutStale(table, times.nowMs - times.waiterStaleMs), lock);
  const blockers = blockersOf(current, lock, ticket);
  if (blockers.holders.length === 0 && blockers.earlier.length === 0) {
    return { kind: "granted", table: grant(current, lock, ticket) };
  }
  return { kind: "blocked", table: current, blockers };
}

/** The request stands in the queue, and counts as having asked now. */
export function standInQueue(table: LockTable, { lock, ticket }: LockRequest, nowMs: number): LockTable {
  return enqueue(table, { ...lock, ticket, askedMs: Math.floor(nowMs) });
}

/**
 * `flock` changes its mode by giving the lock up and asking for another, so that two who both want to write after they
 * read do not wait for each other for ever (`flock(2)`, notes).
 */
function convertible(table: LockTable, lock: FileLock): LockTable {
  if (lock.owner.flavour !== "flock") return table;
  const own = table.held.find((held) => sameOwner(held.owner, lock.owner));
  return own === undefined || own.mode === lock.mode ? table : release(table, lock.owner, own);
}
