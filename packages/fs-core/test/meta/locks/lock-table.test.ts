import { expect, it } from "vitest";
import type { ClientId, RequestId } from "../../../src/ids.ts";
import {
  type FileLock,
  LOCK_END,
  type LockMode,
  type LockOwner,
  type LockTable,
  lockTableRow,
  NO_LOCKS,
} from "../../../src/meta/locks/lock.ts";
import { conflictingLock, grant, release } from "../../../src/meta/locks/lock-table.ts";
import { requestLock, standInQueue } from "../../../src/meta/locks/request-lock.ts";
import { decode, encode } from "../../../src/wire/codec/index.ts";

const CLIENT = "c".repeat(32) as ClientId;
const TIMES = { nowMs: 1000, waiterStaleMs: 100 };

const ticket = (n: number): RequestId => n.toString(16).padStart(32, "0") as RequestId;
const posix = (id: number): LockOwner => ({ client: CLIENT, flavour: "posix", id: BigInt(id) });
const flock = (id: number): LockOwner => ({ client: CLIENT, flavour: "flock", id: BigInt(id) });

function lock(owner: LockOwner, mode: LockMode, begin = 0, end: number | bigint = LOCK_END): FileLock {
  return { owner, mode, begin: BigInt(begin), end: BigInt(end), pid: 7 };
}

function held(...locks: readonly FileLock[]): LockTable {
  return locks.reduce((table, each) => grant(table, each), NO_LOCKS);
}

function ask(table: LockTable, wanted: FileLock, number: number): { granted: boolean; table: LockTable } {
  const request = { lock: wanted, ticket: ticket(number), wait: true };
  const verdict = requestLock(table, request, TIMES);
  if (verdict.kind === "granted") return { granted: true, table: verdict.table };
  return { granted: false, table: standInQueue(verdict.table, request, TIMES.nowMs) };
}

function shape(table: LockTable): readonly string[] {
  return table.held.map(({ owner, mode, begin, end }) => `${owner.id} ${mode} ${begin}-${end}`);
}

it("splits a lock that is unlocked in the middle, and joins it again", () => {
  const split = release(held(lock(posix(1), "exclusive", 0, 30)), posix(1), { begin: 10n, end: 20n });
  expect(shape(split)).toEqual(["1 exclusive 0-10", "1 exclusive 20-30"]);
  expect(shape(grant(split, lock(posix(1), "exclusive", 10, 20)))).toEqual(["1 exclusive 0-30"]);
});

it("changes the mode of a part and leaves the rest", () => {
  const table = held(lock(posix(1), "exclusive", 0, 30), lock(posix(1), "shared", 10, 20));
  expect(shape(table)).toEqual(["1 exclusive 0-10", "1 shared 10-20", "1 exclusive 20-30"]);
});

it("lets readers share and keeps a writer out", () => {
  const table = held(lock(posix(1), "shared"), lock(posix(2), "shared"));
  expect(conflictingLock(table, lock(posix(3), "exclusive", 5, 6))?.owner).toEqual(posix(1));
  expect(conflictingLock(table, lock(posix(3), "shared"))).toBeUndefined();
});

it("keeps flock and fcntl out of each other's way", () => {
  expect(ask(held(lock(flock(1), "exclusive")), lock(posix(2), "exclusive"), 1).granted).toBe(true);
});

it("lets a reader who comes later wait behind a writer who waits", () => {
  const writer = ask(held(lock(posix(1), "shared")), lock(posix(2), "exclusive"), 1);
  expect(writer.granted).toBe(false);
  const reader = ask(writer.table, lock(posix(3), "shared"), 2);
  expect(reader.granted).toBe(false);
  const free = release(reader.table, posix(1), { begin: 0n, end: LOCK_END });
  expect(ask(free, lock(posix(3), "shared"), 2).granted).toBe(false);
  expect(ask(free, lock(posix(2), "exclusive"), 1).granted).toBe(true);
});

it("lets an owner who holds something overtake those who wait for it", () => {
  const waiting = ask(held(lock(posix(1), "shared", 0, 10)), lock(posix(2), "exclusive"), 1);
  expect(ask(waiting.table, lock(posix(1), "shared", 10, 20), 2).granted).toBe(true);
});

it("forgets a waiter that did not ask again", () => {
  const waiting = ask(held(lock(posix(1), "shared")), lock(posix(2), "exclusive"), 1);
  const later = { nowMs: TIMES.nowMs + 101, waiterStaleMs: 100 };
  const request = { lock: lock(posix(3), "shared"), ticket: ticket(2), wait: true };
  expect(requestLock(waiting.table, request, later).kind).toBe("granted");
});

it("lets two holders of a shared flock who both want to write have it one after the other", () => {
  const both = held(lock(flock(1), "shared"), lock(flock(2), "shared"));
  const first = ask(both, lock(flock(1), "exclusive"), 1);
  expect(first.granted).toBe(false);
  expect(shape(first.table)).toEqual(["2 shared 0-9223372036854775808"]);
  const second = ask(first.table, lock(flock(2), "exclusive"), 2);
  expect(second.granted).toBe(false);
  expect(ask(second.table, lock(flock(1), "exclusive"), 1).granted).toBe(true);
});

it("keeps its bytes", () => {
  const table = ask(held(lock(posix(1), "shared", 1, 3)), lock(posix(2), "exclusive", 2, 3), 1).table;
  const bytes = encode(lockTableRow, table);
  expect(Buffer.from(bytes).toString("hex")).toMatchInlineSnapshot(
    `"0101cccccccccccccccccccccccccccccccc01010000000000000000010000000000000003000000000000000700000001cccccccccccccccccccccccccccccccc01020000000000000001020000000000000003000000000000000700000000000000000000000000000000000001e807"`,
  );
  expect(decode(lockTableRow, bytes)).toEqual(table);
});
