/**
 * The rules of locks over one inode's table: pure functions from a table to the next. A lock is held from the moment it
 * stands in the table; who must wait stands there too, so that any service can answer when it asks again.
 */
import {
  type FileLock,
  type LockOwner,
  type LockRange,
  type LockTable,
  type LockWaiter,
  sameOwner,
} from "./lock.ts";

export interface Blockers {
  /** Who holds something in the way. */
  readonly holders: readonly LockOwner[];
  /** Who asked before for something that the lock would be in the way of. */
  readonly earlier: readonly LockOwner[];
}

export function overlaps(a: LockRange, b: LockRange): boolean {
  return a.begin < b.end && b.begin < a.end;
}

/** Whether the two cannot be held at once. */
export function conflicts(a: FileLock, b: FileLock): boolean {
  return (
    a.owner.flavour === b.owner.flavour &&
    (a.mode === "exclusive" || b.mode === "exclusive") &&
    overlaps(a, b) &&
    !sameOwner(a.owner, b.owner)
  );
}

/** What a `F_GETLK` names: the first lock in the way. */
export function conflictingLock(table: LockTable, lock: FileLock): FileLock | undefined {
  return table.held.find((held) => conflicts(held, lock));
}

/**
 * Why a lock cannot be had. Those who came first go first, so that a stream of readers does not keep a writer waiting
 * for ever; only an owner who holds something of this file already overtakes, or two would wait for each other.
 */
export function blockersOf(table: LockTable, lock: FileLock, ticket: LockWaiter["ticket"]): Blockers {
  const holders = table.held.filter((held) => conflicts(held, lock)).map(({ owner }) => owner);
  if (table.held.some(({ owner }) => sameOwner(owner, lock.owner))) return { holders, earlier: [] };
  const own = table.waiting.findIndex((waiter) => waiter.ticket === ticket);
  const before = own === -1 ? table.waiting : table.waiting.slice(0, own);
  const earlier = before.filter((waiter) => conflicts(waiter, lock)).map(({ owner }) => owner);
  return { holders, earlier };
}

/** The owner has exactly this over the range, and the wait with that ticket is over. */
export function grant(table: LockTable, lock: FileLock, ticket?: LockWaiter["ticket"]): LockTable {
  const without = release(table, lock.owner, lock);
  return {
    held: merged([...without.held, lock]),
    waiting: table.waiting.filter((waiter) => waiter.ticket !== ticket),
  };
}

/** Puts a waiter at the end of the queue, or keeps its place. */
export function enqueue(table: LockTable, waiter: LockWaiter): LockTable {
  const place = table.waiting.findIndex(({ ticket }) => ticket === waiter.ticket);
  const waiting = place === -1 ? [...table.waiting, waiter] : table.waiting.with(place, waiter);
  return { ...table, waiting };
}

/** Takes a range from the owner's locks, which may leave a piece on either side. */
export function release(table: LockTable, owner: LockOwner, range: LockRange): LockTable {
  const held = table.held.flatMap((lock) => {
    if (!sameOwner(lock.owner, owner) || !overlaps(lock, range)) return [lock];
    const left = { ...lock, end: range.begin };
    const right = { ...lock, begin: range.end };
    return [left, right].filter(({ begin, end }) => begin < end);
  });
  return { ...table, held };
}

/** Nobody's locks and waits for whom `gone` is true are left. */
export function releaseAll(table: LockTable, gone: (owner: LockOwner) => boolean): LockTable {
  return {
    held: table.held.filter(({ owner }) => !gone(owner)),
    waiting: table.waiting.filter(({ owner }) => !gone(owner)),
  };
}

export function withoutTicket(table: LockTable, ticket: LockWaiter["ticket"]): LockTable {
  return { ...table, waiting: table.waiting.filter((waiter) => waiter.ticket !== ticket) };
}

/**
 * Without those who asked last before that time: a program that was interrupted does not say so. Only the order of
 * waiting depends on clocks; who holds a lock never does.
 */
export function withoutStale(table: LockTable, beforeMs: number): LockTable {
  return { ...table, waiting: table.waiting.filter(({ askedMs }) => askedMs >= beforeMs) };
}

export function isEmpty(table: LockTable): boolean {
  return table.held.length === 0 && table.waiting.length === 0;
}

/** In order, with what touches and has one owner and mode as one lock. */
function merged(locks: readonly FileLock[]): readonly FileLock[] {
  const sorted = locks.toSorted(compareLocks);
  const result: FileLock[] = [];
  for (const lock of sorted) {
    const last = result.at(-1);
    if (last !== undefined && sameOwner(last.owner, lock.owner) && last.mode === lock.mode) {
      if (last.end >= lock.begin) {
        result[result.length - 1] = {
          ...last,
          end: lock.end > last.end ? lock.end : last.end,
          pid: lock.pid,
        };
        continue;
      }
    }
    result.push(lock);
  }
  return result;
}

function compareLocks(a: FileLock, b: FileLock): number {
  if (a.owner.client !== b.owner.client) return a.owner.client < b.owner.client ? -1 : 1;
  if (a.owner.flavour !== b.owner.flavour) return a.owner.flavour < b.owner.flavour ? -1 : 1;
  if (a.owner.id !== b.owner.id) return a.owner.id < b.owner.id ? -1 : 1;
  return a.begin < b.begin ? -1 : a.begin > b.begin ? 1 : 0;
}
