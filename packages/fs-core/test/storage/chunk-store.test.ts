/** The chunk store on a disk in memory: what it keeps, what it refuses, what it notices. */
import { equalBytes, isPondError, NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryDisk } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C as crc } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import type { ChainVersion, RequestId, SessionId } from "../../src/ids.ts";
import { silentLogger } from "../../src/service/log.ts";
import { HeapBuffers } from "../../src/storage/blocks/page-buffers.ts";
import { ChunkStore, type StorePlace } from "../../src/storage/chunk-store.ts";
import type { ChunkKey } from "../../src/storage/model/chunk.ts";
import type { StoreSettings } from "../../src/storage/settings.ts";
import { writeBootMark } from "../../src/storage/target/boot-mark.ts";
import { formatTarget } from "../../src/storage/target/format-target.ts";
import { keyOf, patterned } from "./helpers.ts";

const KiB = 1024;
const v = 1 as ChainVersion;
const place: StorePlace = { directory: "/t", cluster: "c", target: 1, bootId: "b" };
const small: Partial<StoreSettings> = {
  segmentBytes: 512 * KiB,
  batchBytesMax: 128 * KiB,
  growBytes: 256 * KiB,
  blockFileBytes: 2048 * KiB,
  reserveBytes: 0,
  shardBytes: 64 * KiB,
  checkpointStepBytes: 64 * KiB,
  stepBytes: 64 * KiB,
};

async function newDisk(capacityBytes = 64 * 1024 * KiB) {
  const disk = new MemoryDisk({ capacityBytes });
  const { directory, cluster, target } = place;
  await formatTarget(
    { disk, crc, random: new SeededRandom(1) },
    { directory, cluster, target, segmentBytes: 512 * KiB },
  );
  return disk;
}

function open(disk: MemoryDisk, change: Partial<StoreSettings> = {}, where: Partial<StorePlace> = {}) {
  const buffers = new HeapBuffers();
  const deps = { disk, crc, buffers, clock: new ManualClock(), probes: NO_PROBES, log: silentLogger() };
  return ChunkStore.open(deps, { ...small, ...change }, { ...place, ...where });
}

async function put(store: ChunkStore, key: ChunkKey, bytes: Uint8Array, offset = 0) {
  const done = await store.update(key, { kind: "write", offset, bytes });
  if (done.kind !== "prepared") throw new Error(done.kind);
  expect(await store.commit(key, done.version, { chainVersion: v })).toEqual({
    kind: "committed",
    again: false,
  });
  return done;
}

async function get(store: ChunkStore, key: ChunkKey, offset = 0, length = 64 * 1024 * KiB) {
  const read = await store.read(key, { offset, length });
  if (read === undefined) return undefined;
  const bytes = read.view.slice();
  expect(read.crc).toBe(crc.of(bytes));
  read.release();
  return bytes;
}

/** `toEqual` takes long over many bytes. */
function expectBytes(actual: Uint8Array | undefined, expected: Uint8Array) {
  expect(actual?.length).toBe(expected.length);
  expect(equalBytes(actual!, expected)).toBe(true);
}

async function reopened(store: ChunkStore, disk: MemoryDisk, change: Partial<StoreSettings> = {}) {
  await store.close();
  return open(disk, change);
}

describe("updates", () => {
  test("nobody sees a version before it is committed, and everybody after", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    const first = patterned(100 * KiB, 1);
    await put(store, keyOf(0), first);
    const second = patterned(30, 2);
    const prepared = await store.update(keyOf(0), { kind: "write", offset: 5000, bytes: second });
    expectBytes(await get(store, keyOf(0)), first);
    const whole = first.slice();
    whole.set(second, 5000);
    expect(prepared).toEqual({ kind: "prepared", version: 2, length: 100 * KiB, crc: crc.of(whole) });
    const latest = (await store.readLatest(keyOf(0)))!;
    expectBytes(latest.view, whole);
    latest.release();
    await store.commit(keyOf(0), 2, { chainVersion: v });
    expectBytes(await get(store, keyOf(0)), whole);
    expect(store.state(keyOf(0))).toEqual({
      key: keyOf(0),
      committed: { version: 2, chainVersion: 1, length: 100 * KiB, crc: crc.of(whole) },
      pending: undefined,
    });
    await store.settled();
    expectBytes(await get(store, keyOf(0), 4990, 60), whole.slice(4990, 5050));
  });

  test("versions rise by one, and a known one is answered with what it became", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    const write = { kind: "write", offset: 0, bytes: patterned(10, 1) } as const;
    expect(await store.update(keyOf(0), write, { version: 2 })).toEqual({ kind: "missing", next: 1 });
    const done = await store.update(keyOf(0), write, { version: 1 });
    expect(await store.update(keyOf(0), write, { version: 1 })).toEqual({ ...done, kind: "pending" });
    expect(await store.update(keyOf(0), write)).toEqual({ kind: "busy", pending: 1 });
    expect(await store.update(keyOf(0), write, { version: 2 })).toEqual({ kind: "missing", next: 1 });
    expect(await store.commit(keyOf(0), 2, { chainVersion: v })).toEqual({ kind: "missing", pending: 1 });
    await store.commit(keyOf(0), 1, { chainVersion: v });
    expect(await store.commit(keyOf(0), 1, { chainVersion: v })).toEqual({ kind: "committed", again: true });
    expect(await store.update(keyOf(0), write, { version: 1 })).toEqual({ ...done, kind: "committed" });
  });

  test("a gap and an extension are zeros, and a cut brings nothing back", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    const bytes = patterned(5000, 3);
    await put(store, keyOf(0), bytes, 10_000);
    const expected = new Uint8Array(15_000);
    expected.set(bytes, 10_000);
    expectBytes(await get(store, keyOf(0)), expected);
    for (const [version, length] of [
      [2, 11_000],
      [3, 40_000],
    ] as const) {
      await store.update(keyOf(0), { kind: "truncate", length });
      await store.commit(keyOf(0), version, { chainVersion: v });
    }
    const cut = new Uint8Array(40_000);
    cut.set(expected.subarray(0, 11_000));
    expectBytes(await get(store, keyOf(0)), cut);
  });

  test("a removal is a version too", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    await put(store, keyOf(0), patterned(100, 1));
    expect(await store.update(keyOf(0), { kind: "remove" })).toMatchObject({ kind: "prepared", version: 2 });
    expect(await get(store, keyOf(0))).toBeDefined();
    await store.commit(keyOf(0), 2, { chainVersion: v });
    expect(await get(store, keyOf(0))).toBeUndefined();
    expect((await store.space()).usedBytes).toBe(0);
  });

  test("a discarded version leaves nothing", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    await store.update(keyOf(0), { kind: "write", offset: 0, bytes: patterned(100, 1) });
    expect(await store.discard(keyOf(0), 2)).toBe(false);
    expect(await store.discard(keyOf(0), 1)).toBe(true);
    expect(store.state(keyOf(0))).toBeUndefined();
    expect((await store.space()).usedBytes).toBe(0);
  });

  test("bytes that are not those that were sent are refused", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    const write = { kind: "write", offset: 0, bytes: patterned(10, 1), crc: 7 } as const;
    await expect(store.update(keyOf(0), write)).rejects.toSatisfy((e) => isPondError(e, "PAYLOAD_CORRUPT"));
    expect(store.state(keyOf(0))).toBeUndefined();
  });

  test.each([
    { kind: "write", offset: -1, bytes: new Uint8Array(1) },
    { kind: "write", offset: 0.5, bytes: new Uint8Array(1) },
    { kind: "write", offset: 64 * 2 ** 20, bytes: new Uint8Array(1) },
    { kind: "truncate", length: 64 * 2 ** 20 + 1 },
    { kind: "truncate", length: Number.NaN },
  ] as const)("what no chunk can be is refused: %o", async (operation) => {
    const disk = await newDisk();
    await using store = await open(disk);
    await expect(store.update(keyOf(0), operation)).rejects.toSatisfy((e) =>
      isPondError(e, "BAD_CHUNK_REQUEST"),
    );
  });

  test("a replaced chunk has the versions it came with, committed or pending", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    await put(store, keyOf(0), patterned(9000, 1));
    const bytes = patterned(70 * KiB, 2);
    await store.replace(keyOf(0), { version: 9, bytes, crc: crc.of(bytes), chainVersion: 4 as ChainVersion });
    expect(store.state(keyOf(0))?.committed).toMatchObject({ version: 9, chainVersion: 4 });
    expectBytes(await get(store, keyOf(0)), bytes);
    const next = patterned(10, 3);
    await store.replace(keyOf(0), { version: 12, bytes: next, crc: crc.of(next), chainVersion: undefined });
    expect(store.state(keyOf(0))).toMatchObject({ committed: undefined, pending: { version: 12 } });
    await store.commit(keyOf(0), 12, { chainVersion: 5 as ChainVersion });
    expectBytes(await get(store, keyOf(0)), next);
  });

  test("a chunk is what it was while the whole of its next version is pending", async () => {
    const disk = await newDisk();
    let store = await open(disk);
    await put(store, keyOf(0), patterned(9000, 1));
    const next = patterned(70 * KiB, 2);
    await store.replace(keyOf(0), { version: 2, bytes: next, crc: crc.of(next), chainVersion: undefined });
    expectBytes(await get(store, keyOf(0)), patterned(9000, 1));
    store = await reopened(store, disk);
    expect(store.state(keyOf(0))).toMatchObject({ committed: { version: 1 }, pending: { version: 2 } });
    expectBytes(await get(store, keyOf(0)), patterned(9000, 1));
    await store.commit(keyOf(0), 2, { chainVersion: 5 as ChainVersion });
    expectBytes(await get(store, keyOf(0)), next);
    await store.close();
  });
});

describe("what is asked of a file", () => {
  test("its last chunk, its holes, and its chunks in order", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    for (const chunk of [3, 1, 8]) await put(store, keyOf(chunk), patterned(100 + chunk, chunk));
    await put(store, keyOf(2, 8n), patterned(5, 1));
    await store.update(keyOf(11), { kind: "write", offset: 0, bytes: patterned(7, 1) });
    const last = store.lastChunk(keyOf(0));
    expect(last.committed).toMatchObject({ key: keyOf(8), committed: { length: 108 } });
    expect(last.pending).toMatchObject({ key: keyOf(11), pending: { length: 7 } });
    expect(store.holes(keyOf(0), { from: 0, to: 10 })).toEqual([
      { from: 0, to: 1 },
      { from: 2, to: 3 },
      { from: 4, to: 8 },
      { from: 9, to: 10 },
    ]);
    const order = [keyOf(1), keyOf(3), keyOf(8), keyOf(11), keyOf(2, 8n)];
    expect(store.list(undefined, 10).map(({ key }) => key)).toEqual(order);
    expect(store.list(keyOf(2), 3).map(({ key }) => key)).toEqual(order.slice(1, 4));
    expect(store.lastChunk(keyOf(0, 9n))).toEqual({ committed: undefined, pending: undefined });
  });

  test("a range of it goes at once, a part at a time", async () => {
    const disk = await newDisk();
    let store = await open(disk);
    for (let chunk = 0; chunk < 10; chunk++) await put(store, keyOf(chunk), patterned(10, chunk));
    await store.update(keyOf(20), { kind: "write", offset: 0, bytes: patterned(7, 1) });
    expect(await store.removeRange(keyOf(0), { from: 2, to: 100, limit: 3 })).toEqual({
      removed: 3,
      more: true,
    });
    expect(await store.removeRange(keyOf(0), { from: 2, to: 100, limit: 50 })).toEqual({
      removed: 6,
      more: false,
    });
    expect(await store.removeRange(keyOf(0), { from: 2, to: 100, limit: 50 })).toEqual({
      removed: 0,
      more: false,
    });
    store = await reopened(store, disk);
    expect(store.list(undefined, 99).map(({ key }) => key.chunk)).toEqual([0, 1]);
    await store.close();
  });
});

describe("after it was opened again", () => {
  test.each([false, true])("everything is there, with a checkpoint: %s", async (isCheckpointed) => {
    const disk = await newDisk();
    let store = await open(disk);
    const bytes = patterned(200 * KiB, 1);
    await put(store, keyOf(0), bytes);
    const patch = patterned(6000, 2);
    await put(store, keyOf(0), patch, 70_000);
    bytes.set(patch, 70_000);
    await put(store, keyOf(1), patterned(10, 5));
    const pending = patterned(3000, 6);
    await store.update(keyOf(1), { kind: "write", offset: 8, bytes: pending });
    await store.update(keyOf(2), { kind: "write", offset: 0, bytes: patterned(90 * KiB, 7) });
    if (isCheckpointed) await store.checkpoint();
    store = await reopened(store, disk);
    expect(store.opened).toMatchObject({ chunks: 2, isTailTorn: false, isComplete: true });
    expectBytes(await get(store, keyOf(0)), bytes);
    expect(store.state(keyOf(1))?.pending).toMatchObject({ version: 2, length: 3008 });
    await store.commit(keyOf(1), 2, { chainVersion: v });
    expectBytes((await get(store, keyOf(1)))?.subarray(8), pending);
    await store.commit(keyOf(2), 1, { chainVersion: v });
    expectBytes(await get(store, keyOf(2)), patterned(90 * KiB, 7));
    await store.close();
  });

  test("answers are remembered with their update, and forgotten with their session", async () => {
    const disk = await newDisk();
    let store = await open(disk);
    const session = "0".repeat(31).concat("1") as SessionId;
    const request = "0".repeat(31).concat("2") as RequestId;
    const dedupe = { session, channel: 3, sequence: 41, request };
    const result = (done: { version: number }) => Uint8Array.of(done.version);
    await store.update(keyOf(0), { kind: "truncate", length: 5 }, { dedupe: { ...dedupe, result } });
    store = await reopened(store, disk);
    expect(store.answerTo(session, 3)).toEqual({ ...dedupe, result: Uint8Array.of(1) });
    await store.checkpoint();
    store = await reopened(store, disk);
    expect(store.answers()).toEqual([{ ...dedupe, result: Uint8Array.of(1) }]);
    await store.forgetSession(session);
    store = await reopened(store, disk);
    expect(store.answers()).toEqual([]);
    await store.close();
  });

  test("another cluster's directory, another target's and a bare one are refused", async () => {
    const disk = await newDisk();
    const foreign = (error: unknown) => isPondError(error, "FOREIGN_TARGET");
    await expect(open(disk, {}, { cluster: "d" })).rejects.toSatisfy(foreign);
    await expect(open(disk, {}, { target: 2 })).rejects.toSatisfy(foreign);
    await expect(open(disk, {}, { directory: "/tmp" })).rejects.toSatisfy(foreign);
    const again = formatTarget({ disk, crc, random: new SeededRandom(2) }, place);
    await expect(again).rejects.toSatisfy(foreign);
  });

  test("a replicated target is incomplete after a power cut, until it is said to be filled", async () => {
    const disk = await newDisk();
    const replicated = { durability: "replicated" } as const;
    let store = await open(disk, replicated);
    await store.close();
    store = await open(disk, replicated, { bootId: "c" });
    expect(store.opened.isComplete).toBe(true);
    // Left without closing, then another boot.
    const next = await open(disk, replicated, { bootId: "d" });
    expect(next.opened.isComplete).toBe(false);
    const later = await open(disk, replicated, { bootId: "d" });
    expect(later.opened.isComplete).toBe(false);
    await later.markComplete();
    expect((await open(disk, replicated, { bootId: "d" })).opened.isComplete).toBe(true);
  });
});

describe("damage", () => {
  async function flip(disk: MemoryDisk, path: string, position: number) {
    const file = await disk.open(path, { read: true, write: true });
    const byte = new Uint8Array(1);
    await file.readAt(byte, position);
    await file.writeAt(Uint8Array.of(byte[0]! ^ 4), position);
    await file.close();
  }

  test("a flipped bit of a block is an error of that chunk and page, found by reads and by the scrub", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    await put(store, keyOf(0), patterned(100 * KiB, 1));
    await put(store, keyOf(1), patterned(100 * KiB, 2));
    await flip(disk, "/t/blocks/c17-0000.blocks", 128 * KiB + 5 * 4096 + 77);
    const corrupt = (error: unknown) =>
      isPondError<string, { page: number }>(error, "CHUNK_CORRUPT") && error.details.page === 5;
    await expect(get(store, keyOf(1))).rejects.toSatisfy(corrupt);
    expectBytes(await get(store, keyOf(1), 0, 4096), patterned(100 * KiB, 2).subarray(0, 4096));
    expectBytes(await get(store, keyOf(0)), patterned(100 * KiB, 1));
    expect(await store.scrub(undefined, 10)).toMatchObject({
      chunks: 2,
      damaged: [{ key: keyOf(1), page: 5 }],
    });
    const patch = store.update(keyOf(1), { kind: "write", offset: 5 * 4096, bytes: patterned(10, 1) });
    await expect(patch).rejects.toSatisfy(corrupt);
  });

  test("a flipped bit of the checksums is an error too", async () => {
    const disk = await newDisk();
    let store = await open(disk);
    await put(store, keyOf(0), patterned(100 * KiB, 1));
    await store.checkpoint();
    store = await reopened(store, disk);
    await flip(disk, "/t/blocks/c17-0000.sums", 9);
    await expect(get(store, keyOf(0))).rejects.toSatisfy((e) => isPondError(e, "CHUNK_CORRUPT"));
    await flip(disk, "/t/blocks/c17-0000.sums", 9);
    expectBytes(await get(store, keyOf(0)), patterned(100 * KiB, 1));
    await store.close();
  });

  test.each(["superblock", "checkpoint manifest", "checkpoint shard", "journal"])(
    "damage to the %s is refused",
    async (what) => {
      const disk = await newDisk();
      const store = await open(disk);
      for (let chunk = 0; chunk < 5; chunk++) await put(store, keyOf(chunk), patterned(100, chunk));
      await store.checkpoint();
      for (let chunk = 0; chunk < 5; chunk++) await put(store, keyOf(chunk), patterned(100, chunk + 5));
      await store.close();
      const newest = async (directory: string, ending: string) =>
        `${directory}/${(await disk.readdir(directory))
          .map(({ name }) => name)
          .filter((name) => name.endsWith(ending))
          .at(-1)}`;
      const path =
        what === "superblock"
          ? "/t/superblock"
          : what === "journal"
            ? await newest("/t/journal", "journal")
            : await newest("/t/checkpoint", what.split(" ")[1]!);
      await flip(disk, path, what === "journal" ? 4096 + 50 : 40);
      if (what === "superblock") {
        // One is made good from the other.
        await (await open(disk)).close();
        await flip(disk, path, 40);
        await flip(disk, `${path}.copy`, 40);
      }
      await expect(open(disk)).rejects.toSatisfy((error) => isPondError(error, "STORE_CORRUPT"));
    },
  );
});

describe("starts", () => {
  test("take no space, however many there are and whatever each writes", async () => {
    const disk = await newDisk();
    const spaceOf = async () => {
      const store = await open(disk);
      await put(store, keyOf(0), patterned(100, 0));
      await store.close();
      return disk.freeBytes("/t");
    };
    const before = await spaceOf();
    for (let start = 0; start < 20; start++) expect(await spaceOf()).toBe(before);
  });

  test("what was read back counts towards the next checkpoint", async () => {
    const disk = await newDisk();
    for (let start = 0; start < 8; start++) {
      const store = await open(disk, { checkpointBytes: 64 * KiB });
      expect(store.opened.batches).toBeLessThan(16 + 4);
      for (let chunk = 0; chunk < 2; chunk++) await put(store, keyOf(chunk), patterned(100, start));
      await store.close();
    }
  });

  test("what a crash left behind the last batch is gone before the journal goes on there", async () => {
    const disk = await newDisk();
    const journal = "/t/journal/000000000001.journal";
    let store = await open(disk);
    await put(store, keyOf(0), patterned(100, 1));
    await store.close();
    const before = await disk.readFile(journal);
    store = await open(disk);
    await put(store, keyOf(1), patterned(200, 2));
    await store.close();
    // The batches of the second life, the first of them torn: what is behind them is whole, and must never count.
    const torn = await disk.readFile(journal);
    const end = before.findLastIndex((byte) => byte !== 0) & ~4095;
    torn.fill(7, end, end + 4096);
    torn.copyWithin(400 * KiB, end + 4096, end + 8192);
    torn.fill(0, end + 4096, 400 * KiB);
    await disk.writeFile(journal, torn);
    await writeBootMark({ disk, crc }, "/t", {
      mark: { bootId: "another", isReplicated: true, isClosed: false, isComplete: true },
      generation: store.opened.superblock.generation,
    });
    store = await open(disk);
    expect(store.opened.isTailTorn).toBe(true);
    expectBytes(await get(store, keyOf(0)), patterned(100, 1));
    expect(await get(store, keyOf(1))).toBeUndefined();
    await put(store, keyOf(0), patterned(300, 3));
    await store.close();
    expect((await disk.readFile(journal)).subarray(end + 32 * KiB).every((byte) => byte === 0)).toBe(true);
    expectBytes(await get(await open(disk), keyOf(0)), patterned(300, 3));
  });
});

describe("space", () => {
  test("a full disk refuses new chunks and keeps what was promised", async () => {
    const disk = await newDisk(4 * 1024 * KiB);
    await using store = await open(disk);
    const kept: number[] = [];
    let refused = 0;
    for (let chunk = 0; chunk < 40; chunk++) {
      try {
        await put(store, keyOf(chunk), patterned(100 * KiB, chunk));
        kept.push(chunk);
      } catch (error) {
        expect(isPondError(error, "STORE_FULL")).toBe(true);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(kept.length).toBeGreaterThan(10);
    for (const chunk of kept) expectBytes(await get(store, keyOf(chunk)), patterned(100 * KiB, chunk));
    expect(store.failure).toBeUndefined();
    await store.removeRange(keyOf(0), { from: 0, to: 5, limit: 99 });
    await put(store, keyOf(50), patterned(100 * KiB, 50));
  });

  test("below the reserve a client's new chunk is refused, another replica's is not", async () => {
    const disk = await newDisk();
    await using store = await open(disk, { reserveBytes: 2 ** 40 });
    const write = { kind: "write", offset: 0, bytes: patterned(10, 1) } as const;
    await expect(store.update(keyOf(0), write)).rejects.toSatisfy((e) => isPondError(e, "STORE_FULL"));
    expect(await store.update(keyOf(0), write, { isForwarded: true })).toMatchObject({ kind: "prepared" });
  });

  test("compaction moves chunks ahead and cuts the ends of files", async () => {
    const disk = await newDisk();
    let store = await open(disk);
    for (let chunk = 0; chunk < 60; chunk++) await put(store, keyOf(chunk), patterned(100 * KiB, chunk));
    for (let chunk = 0; chunk < 60; chunk++) {
      if (chunk % 10 !== 9) await store.removeRange(keyOf(0), { from: chunk, to: chunk + 1, limit: 1 });
    }
    const before = (await store.space()).reservedBytes;
    expect(await store.compact({ bytes: 2 ** 30 })).toBeGreaterThan(before / 2);
    expect((await store.space()).reservedBytes).toBeLessThan(before / 2);
    for (let round = 0; round < 2; round++) {
      for (let chunk = 9; chunk < 60; chunk += 10) {
        expectBytes(await get(store, keyOf(chunk)), patterned(100 * KiB, chunk));
      }
      store = await reopened(store, disk);
    }
    await put(store, keyOf(70), patterned(100 * KiB, 70));
    await store.close();
  });

  test("free blocks are emptied once, and hold chunks again", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    for (let chunk = 0; chunk < 8; chunk++) await put(store, keyOf(chunk), patterned(100 * KiB, chunk));
    await store.removeRange(keyOf(0), { from: 1, to: 8, limit: 99 });
    expect(await store.punch({ bytes: 2 ** 30 })).toBe(7 * 128 * KiB);
    expect(await store.punch({ bytes: 2 ** 30 })).toBe(0);
    const bytes = await disk.readFile("/t/blocks/c17-0000.blocks");
    expect(bytes.subarray(128 * KiB).every((byte) => byte === 0)).toBe(true);
    for (let chunk = 1; chunk < 8; chunk++) await put(store, keyOf(chunk), patterned(100 * KiB, chunk));
    for (let chunk = 0; chunk < 8; chunk++) {
      expectBytes(await get(store, keyOf(chunk)), patterned(100 * KiB, chunk));
    }
    await store.removeRange(keyOf(0), { from: 7, to: 8, limit: 99 });
    expect(await store.punch({ bytes: 2 ** 30 })).toBe(128 * KiB);
  });

  test("the journal is cut by checkpoints, which begin by themselves", async () => {
    const disk = await newDisk();
    let store = await open(disk, { checkpointBytes: 256 * KiB });
    await put(store, keyOf(0), patterned(100 * KiB, 0));
    for (let round = 1; round < 60; round++)
      await put(store, keyOf(0), patterned(20 * KiB, round), round * 100);
    await store.checkpoint();
    expect((await disk.readdir("/t/journal")).length).toBeLessThanOrEqual(3);
    store = await reopened(store, disk);
    expect(store.state(keyOf(0))?.committed?.version).toBe(60);
    expectBytes((await get(store, keyOf(0)))?.subarray(5900, 5900 + 20 * KiB), patterned(20 * KiB, 59));
    await store.close();
  });
});

describe("failures of the disk", () => {
  test("a failed sync ends the store; opening again tells what is there", async () => {
    const disk = await newDisk();
    const store = await open(disk);
    await put(store, keyOf(0), patterned(100, 1));
    disk.setFault(({ operation, path }) =>
      operation === "datasync" && path.includes("journal") ? "EIO" : undefined,
    );
    const failed = (error: unknown) => isPondError(error, "STORE_FAILED") && error.kind === "unknown-outcome";
    await expect(put(store, keyOf(1), patterned(100, 1))).rejects.toSatisfy(failed);
    disk.setFault(() => undefined);
    await expect(put(store, keyOf(2), patterned(100, 1))).rejects.toSatisfy(failed);
    expectBytes(await get(store, keyOf(0)), patterned(100, 1));
    await store.close();
    await using next = await open(disk);
    expectBytes(await get(next, keyOf(0)), patterned(100, 1));
    await put(next, keyOf(2), patterned(100, 1));
  });

  test("a failed read is that read's error", async () => {
    const disk = await newDisk();
    await using store = await open(disk);
    await put(store, keyOf(0), patterned(100 * KiB, 1));
    disk.setFault(({ operation }) => (operation === "readAt" ? "EIO" : undefined));
    await expect(get(store, keyOf(0))).rejects.toSatisfy((e) => isPondError(e, "EIO"));
    disk.setFault(() => undefined);
    expectBytes(await get(store, keyOf(0)), patterned(100 * KiB, 1));
    expect(store.failure).toBeUndefined();
  });
});
