/** What a target remembers beside chunks: revoked sessions, truncations, answers; and what it forgets. */
import { isPondError, NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryDisk } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C as crc } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import type { ChainVersion, RequestId, SessionId } from "../../src/ids.ts";
import { silentLogger } from "../../src/service/log.ts";
import { HeapBuffers } from "../../src/storage/blocks/page-buffers.ts";
import { ChunkStore } from "../../src/storage/chunk-store.ts";
import type { StoreSettings } from "../../src/storage/settings.ts";
import { formatTarget } from "../../src/storage/target/format-target.ts";
import { keyOf, patterned } from "./helpers.ts";

const CHAIN = 1 as ChainVersion;
const PLACE = { directory: "/t", cluster: "c", target: 1, bootId: "b" } as const;
const FILE = { inode: keyOf(0).inode, dataVersion: 1 };
const SMALL = {
  segmentBytes: 256 * 1024,
  batchBytesMax: 100 * 1024,
  growBytes: 64 * 1024,
  blockFileBytes: 256 * 1024,
  reserveBytes: 0,
  stepBytes: 16_384,
};

const session = (number: number) => number.toString(16).padStart(32, "0") as SessionId;
const request = (number: number) => number.toString(16).padStart(32, "f") as RequestId;

async function newDisk() {
  const disk = new MemoryDisk();
  const { directory, cluster, target } = PLACE;
  const place = { directory, cluster, target, segmentBytes: SMALL.segmentBytes };
  await formatTarget({ disk, crc, random: new SeededRandom(1) }, place);
  return disk;
}

function open(disk: MemoryDisk, change: Partial<StoreSettings> = {}, clock = new ManualClock()) {
  const deps = { disk, crc, clock, buffers: new HeapBuffers(), probes: NO_PROBES, log: silentLogger() };
  return ChunkStore.open(deps, { ...SMALL, ...change }, PLACE);
}

async function put(store: ChunkStore, chunk: number, bytes: Uint8Array, dedupe?: SessionId) {
  const answer =
    dedupe === undefined
      ? {}
      : { dedupe: { session: dedupe, channel: 1, sequence: 1, request: request(1), result: () => bytes } };
  const done = await store.update(keyOf(chunk), { kind: "write", offset: 0, bytes }, answer);
  if (done.kind !== "prepared") throw new Error(done.kind);
  await store.commit(keyOf(chunk), done.version, { chainVersion: CHAIN });
}

async function clear(store: ChunkStore, chunk: number) {
  const done = await store.update(keyOf(chunk), { kind: "truncate", length: 0 });
  if (done.kind !== "prepared") throw new Error(done.kind);
  await store.commit(keyOf(chunk), done.version, { chainVersion: CHAIN });
}

test.each([false, true])(
  "what is noted is there after a start, with a checkpoint between (%s)",
  async (checkpoint) => {
    const disk = await newDisk();
    let store = await open(disk);
    await put(store, 0, patterned(10, 1), session(1));
    await put(store, 1, patterned(10, 1), session(2));
    await store.revoke({ sessions: [session(1), session(7)], untilMs: 5000 });
    await store.noteTruncated({ file: FILE, truncateVersion: 4 });
    await store.noteTruncated({ file: FILE, truncateVersion: 3 });
    if (checkpoint) await store.checkpoint();
    await store.close();
    store = await open(disk);
    expect(store.revocations()).toEqual([
      { session: session(1), untilMs: 5000 },
      { session: session(7), untilMs: 5000 },
    ]);
    expect(store.isRevoked(session(7))).toBe(true);
    expect(store.isRevoked(session(2))).toBe(false);
    expect(store.truncations()).toEqual([{ file: FILE, truncateVersion: 4 }]);
    expect(store.answers().map((answer) => answer.session)).toEqual([session(2)]);
    await store.close();
  },
);

test.each([false, true])(
  "what is reset stays forgotten, also of a version that is pending (checkpoint %s)",
  async (checkpoint) => {
    const disk = await newDisk();
    let store = await open(disk);
    await store.revoke({ sessions: [session(7)], untilMs: 5000 });
    await store.noteTruncated({ file: FILE, truncateVersion: 4 });
    const dedupe = { session: session(1), channel: 1, sequence: 1, request: request(1) };
    const result = Uint8Array.of(1);
    await store.update(
      keyOf(0),
      { kind: "truncate", length: 9 },
      { dedupe: { ...dedupe, result: () => result } },
    );
    await store.resetNotes();
    await store.revoke({ sessions: [session(8)], untilMs: 6000 });
    if (checkpoint) await store.checkpoint();
    await store.close();
    store = await open(disk);
    expect(store.answers()).toEqual([]);
    expect(store.truncations()).toEqual([]);
    expect(store.revocations()).toEqual([{ session: session(8), untilMs: 6000 }]);
    // Whoever settles it tells the others whose request it is.
    expect(store.pendings().map(({ pending }) => pending?.dedupe)).toEqual([{ ...dedupe, result }]);
    await store.close();
  },
);

test("a revocation is forgotten when it is due, the later end counts, and too many are refused", async () => {
  const disk = await newDisk();
  const clock = new ManualClock({ wallMs: 1000 });
  await using store = await open(disk, { revokedMax: 2 }, clock);
  await store.revoke({ sessions: [session(1)], untilMs: 2000 });
  await store.revoke({ sessions: [session(1)], untilMs: 1500 });
  await store.revoke({ sessions: [session(2)], untilMs: 3000 });
  await expect(store.revoke({ sessions: [session(3)], untilMs: 9000 })).rejects.toSatisfy((error) =>
    isPondError(error, "STORE_BUSY"),
  );
  expect(store.forgetDue(2000)).toBe(0);
  expect(store.forgetDue(2001)).toBe(1);
  expect(store.isRevoked(session(1))).toBe(false);
  await store.revoke({ sessions: [session(3)], untilMs: 4000 });
  await clock.advance(2001);
  // There is no room, and one is due.
  await store.revoke({ sessions: [session(4)], untilMs: 9000 });
  expect(store.isRevoked(session(2))).toBe(false);
});

test("answers of a session that was silent for long are forgotten, counted anew from a start", async () => {
  const disk = await newDisk();
  const clock = new ManualClock();
  let store = await open(disk, { answersIdleMs: 1000, dedupeMax: 2 }, clock);
  await put(store, 0, patterned(10, 1), session(1));
  await clock.advance(600);
  await put(store, 1, patterned(10, 2), session(2));
  await clock.advance(600);
  await put(store, 2, patterned(10, 3), session(2));
  await store.close();
  store = await open(disk, { answersIdleMs: 1000, dedupeMax: 2 }, clock);
  expect(store.forgetDue(clock.wallMs())).toBe(0);
  await clock.advance(900);
  await put(store, 3, patterned(10, 4), session(2));
  await expect(put(store, 4, patterned(10, 5), session(3))).rejects.toThrow("2 answers are remembered");
  await clock.advance(200);
  // There is no room, and one is due.
  await put(store, 4, patterned(10, 5), session(3));
  expect(store.answers().map((answer) => answer.session)).toEqual([session(2), session(3)]);
  await store.close();
});

test("a truncation is forgotten with the last chunk of its file, and of a file without chunks", async () => {
  const disk = await newDisk();
  let store = await open(disk);
  await put(store, 0, patterned(10, 1));
  await put(store, 5, patterned(10, 1));
  await store.noteTruncated({ file: FILE, truncateVersion: 2 });
  await store.removeRange(FILE, { from: 5, to: 6, limit: 10 });
  expect(store.truncatedUpTo(FILE)).toBe(2);
  await store.removeChunks(FILE, [0, 9]);
  expect(store.truncatedUpTo(FILE)).toBeUndefined();
  await store.noteTruncated({ file: FILE, truncateVersion: 3 });
  await store.close();
  store = await open(disk);
  expect(store.truncatedUpTo(FILE)).toBe(3);
  expect(await store.removeRange(FILE, { from: 0, to: 9, limit: 10 })).toEqual({ removed: 0, more: false });
  expect(store.truncatedUpTo(FILE)).toBeUndefined();
  await store.close();
  store = await open(disk);
  expect(store.truncatedUpTo(FILE)).toBeUndefined();
  await store.close();
});

test("one more file is not truncated than are remembered", async () => {
  await using store = await open(await newDisk(), { truncatedMax: 1 });
  await store.noteTruncated({ file: FILE, truncateVersion: 2 });
  await store.noteTruncated({ file: FILE, truncateVersion: 3 });
  const other = { ...FILE, dataVersion: 2 };
  await expect(store.noteTruncated({ file: other, truncateVersion: 1 })).rejects.toThrow("1 files");
});

test("the last chunk is the last that has bytes", async () => {
  await using store = await open(await newDisk());
  for (let chunk = 0; chunk < 600; chunk++) await put(store, chunk, patterned(5, chunk));
  for (let chunk = 599; chunk > 3; chunk--) await clear(store, chunk);
  expect(store.lastChunk(FILE).committed).toMatchObject({ key: { chunk: 3 }, committed: { length: 5 } });
  await store.update(keyOf(700), { kind: "truncate", length: 0 });
  expect(store.lastChunk(FILE).pending).toBeUndefined();
  await store.update(keyOf(650), { kind: "truncate", length: 1 });
  expect(store.lastChunk(FILE).pending?.key.chunk).toBe(650);
  for (let chunk = 3; chunk >= 0; chunk--) await clear(store, chunk);
  expect(store.lastChunk(FILE).committed).toBeUndefined();
});

test("a chunk that is taken over brings the answer that belongs to it", async () => {
  const disk = await newDisk();
  let store = await open(disk);
  const dedupe = {
    session: session(1),
    channel: 1,
    sequence: 9,
    request: request(1),
    result: Uint8Array.of(7),
  };
  const bytes = patterned(100, 1);
  await store.replace(keyOf(0), { version: 4, bytes, crc: crc.of(bytes), chainVersion: CHAIN, dedupe });
  await store.close();
  store = await open(disk);
  expect(store.answerTo(session(1), 1)).toEqual(dedupe);
  const next = { ...dedupe, sequence: 10 };
  await store.replace(keyOf(0), {
    version: 5,
    bytes,
    crc: crc.of(bytes),
    chainVersion: undefined,
    dedupe: next,
  });
  await store.close();
  store = await open(disk);
  expect(store.answerTo(session(1), 1)).toEqual(next);
  expect(store.pendings()[0]?.pending).toMatchObject({ version: 5, dedupe: next });
  await store.close();
});

test("notes are copied in pages, and of two about the same the newer one stays", async () => {
  await using from = await open(await newDisk());
  for (let at = 1; at <= 5; at++) await put(from, at, patterned(10, at), session(at));
  await from.revoke({ sessions: [session(7)], untilMs: 70 });
  await from.noteTruncated({ file: FILE, truncateVersion: 4 });
  const disk = await newDisk();
  let to = await open(disk);
  const newer = { ...from.answerTo(session(2), 1)!, sequence: 2, result: Uint8Array.of(2) };
  await to.remember(newer);
  await to.revoke({ sessions: [session(7)], untilMs: 80 });
  await to.noteTruncated({ file: FILE, truncateVersion: 5 });
  const pages = [...from.notes(2)];
  expect(
    pages.map(({ answers, revoked, truncated }) => [answers.length, revoked.length, truncated.length]),
  ).toEqual([
    [2, 0, 0],
    [2, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
  for (const page of pages) await to.takeNotes(page);
  await to.close();
  to = await open(disk);
  expect(to.answers().length).toBe(5);
  expect(to.answerTo(session(2), 1)).toEqual(newer);
  expect(to.revocations()).toEqual([{ session: session(7), untilMs: 80 }]);
  expect(to.truncatedUpTo(FILE)).toBe(5);
  await to.close();
});
