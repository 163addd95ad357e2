/** The journal by itself: group commit, segments, torn tails and damage. */
import { isPondError } from "@smallpond/base";
import { ManualClock, MemoryDisk } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C as crc } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import { FRAME_ALIGN } from "../../src/storage/journal/frame.ts";
import { Journal, type JournalSettings } from "../../src/storage/journal/journal.ts";
import { type StoreRecord, storeRecord } from "../../src/storage/journal/records.ts";
import { scanSegment } from "../../src/storage/journal/scan.ts";
import { readSegmentHead, SEGMENT_HEAD_BYTES } from "../../src/storage/journal/segment.ts";
import { SegmentFiles } from "../../src/storage/journal/segment-files.ts";
import { ByteReader, decode } from "../../src/wire/codec/index.ts";
import { keyOf } from "./helpers.ts";

const SALT = 0x1234_5678_9abc_def0n;
const settings: JournalSettings = {
  durability: "fsync",
  segmentBytes: 16 * FRAME_ALIGN,
  batchBytesMax: 4 * FRAME_ALIGN,
  sealMs: 5,
  target: 3,
  salt: SALT,
};

async function newJournal(change: Partial<JournalSettings> = {}, disk = new MemoryDisk()) {
  await disk.mkdir("/j", { recursive: true });
  const files = new SegmentFiles({ disk, crc }, "/j", { segmentBytes: settings.segmentBytes, salt: SALT });
  const clock = new ManualClock();
  const begun = await files.begin({ target: settings.target, segment: 1, firstBatch: 1n });
  await begun!.file.close();
  const end = { segment: 1, position: SEGMENT_HEAD_BYTES, nextBatch: 1n };
  const journal = await Journal.resume({ clock, crc, files }, { ...settings, ...change }, end);
  return { disk, files, clock, journal };
}

function record(chunk: number): StoreRecord {
  return { kind: "discard", key: keyOf(chunk), version: 1 };
}

async function scan(disk: MemoryDisk, segment = 1) {
  const bytes = await disk.readFile(`/j/00000000000${segment}.journal`);
  const head = readSegmentHead(crc, bytes, SALT);
  return scanSegment(crc, bytes, { at: SEGMENT_HEAD_BYTES, firstBatch: head!.firstBatch, salt: SALT });
}

function chunksOf(payloads: readonly Uint8Array[]): number[] {
  return payloads.flatMap((payload) => {
    const reader = new ByteReader(payload);
    const found: number[] = [];
    while (reader.remaining > 0) {
      const read = storeRecord.read(reader);
      if (read.kind === "discard") found.push(read.key.chunk);
    }
    return found;
  });
}

test("records of one turn share a batch and are told in order, once it is synced", async () => {
  const { disk, journal } = await newJournal();
  const calls: string[] = [];
  disk.setFault(({ operation }) => {
    if (operation === "writeAt" || operation === "datasync") calls.push(operation);
    return undefined;
  });
  await Promise.all([0, 1, 2].map((n) => journal.append(record(n), () => calls.push(`told ${n}`))));
  expect(calls).toEqual(["writeAt", "datasync", "told 0", "told 1", "told 2"]);
  const scanned = await scan(disk);
  expect(scanned.payloads.length).toBe(1);
  expect(chunksOf(scanned.payloads)).toEqual([0, 1, 2]);
  await journal.close();
});

test("a segment that is full is followed by the next, which says where it ended", async () => {
  const { disk, journal, files } = await newJournal();
  for (let n = 0; n < 40; n++) await journal.append(record(n), () => {});
  await journal.close();
  expect(await files.list()).toEqual([1, 2, 3]);
  const all = [];
  for (const segment of [1, 2, 3]) all.push(...chunksOf((await scan(disk, segment)).payloads));
  expect(all).toEqual(Array.from({ length: 40 }, (_, n) => n));
});

test("a rotation stands between what was told before and what comes behind", async () => {
  const { disk, journal } = await newJournal();
  const told: string[] = [];
  await Promise.all([
    journal.append(record(1), () => told.push("1")),
    journal.rotate(({ segment }) => void told.push(`segment ${segment}`)),
    journal.append(record(2), () => told.push("2")),
  ]);
  expect(told).toEqual(["1", "segment 2", "2"]);
  expect(chunksOf((await scan(disk, 2)).payloads)).toEqual([2]);
  await journal.close();
});

test("what a power cut left of the last batch is cut", async () => {
  const { disk, journal } = await newJournal();
  for (let n = 0; n < 3; n++) await journal.append(record(n), () => {});
  await journal.abandon();
  const file = await disk.open("/j/000000000001.journal", { read: true, write: true });
  await file.writeAt(new Uint8Array(40), SEGMENT_HEAD_BYTES + 2 * FRAME_ALIGN);
  const scanned = await scan(disk);
  expect(chunksOf(scanned.payloads)).toEqual([0, 1]);
  expect(scanned.tail).toBe("torn");
  expect(scanned.damagedAt).toBeUndefined();
  await file.close();
});

test.each([0, 1])(
  "damage to batch %i, behind which others stand, is told apart from a torn tail",
  async (batch) => {
    const { disk, journal } = await newJournal();
    for (let n = 0; n < 3; n++) await journal.append(record(n), () => {});
    await journal.abandon();
    const file = await disk.open("/j/000000000001.journal", { read: true, write: true });
    await file.writeAt(new Uint8Array([0xee]), SEGMENT_HEAD_BYTES + batch * FRAME_ALIGN + 33);
    expect((await scan(disk)).damagedAt).toBe(SEGMENT_HEAD_BYTES + batch * FRAME_ALIGN);
    await file.close();
  },
);

test("an idle journal notes that its last batch was synced, so that damage to it shows too", async () => {
  const { disk, journal, clock } = await newJournal();
  await journal.append(record(1), () => {});
  await clock.advance(10);
  const file = await disk.open("/j/000000000001.journal", { read: true, write: true });
  expect((await scan(disk)).tail).toBe("clean");
  await file.writeAt(new Uint8Array([0xee]), SEGMENT_HEAD_BYTES + 33);
  expect((await scan(disk)).damagedAt).toBe(SEGMENT_HEAD_BYTES);
  await file.writeAt(new Uint8Array(FRAME_ALIGN), SEGMENT_HEAD_BYTES);
  await journal.append(record(2), () => {});
  await file.close();
  await journal.close();
});

test("bytes of users that are a journal's are not taken for ours", async () => {
  const { disk, journal } = await newJournal();
  await journal.append(record(1), () => {});
  await journal.close();
  const bytes = await disk.readFile("/j/000000000001.journal");
  const scanned = scanSegment(crc, bytes, { at: SEGMENT_HEAD_BYTES, firstBatch: 1n, salt: SALT + 1n });
  expect(scanned.payloads).toEqual([]);
  expect(scanned.damagedAt).toBeUndefined();
});

test("after a failed sync nothing more is accepted", async () => {
  const { disk, journal } = await newJournal();
  disk.setFault(({ operation }) => (operation === "datasync" ? "EIO" : undefined));
  let told = false;
  const first = journal.append(record(1), () => (told = true));
  await expect(first).rejects.toSatisfy((error) => isPondError(error, "STORE_FAILED"));
  disk.setFault(() => undefined);
  await expect(journal.append(record(2), () => {})).rejects.toSatisfy((error) =>
    isPondError(error, "STORE_FAILED"),
  );
  expect(told).toBe(false);
  await journal.abandon();
});

test("a full disk is noticed when the next segment is made, and goes when there is room", async () => {
  const disk = new MemoryDisk({ capacityBytes: 2.5 * settings.segmentBytes });
  const { journal } = await newJournal({}, disk);
  for (let n = 0; n < 29; n++) await journal.append(record(n), () => {});
  const refused: unknown[] = [];
  for (let n = 29; n < 32; n++)
    await journal.append(record(n), () => {}).catch((error) => refused.push(error));
  expect(refused.every((error) => isPondError(error, "STORE_FULL"))).toBe(true);
  expect(refused.length).toBeGreaterThan(0);
  await disk.unlink("/j/000000000001.journal");
  await journal.append(record(40), () => {});
  await journal.close();
});

test("a replicated journal tells what is written and syncs when asked", async () => {
  const { disk, journal } = await newJournal({ durability: "replicated" });
  const calls: string[] = [];
  disk.setFault(({ operation }) => {
    if (operation.endsWith("sync")) calls.push(operation);
    return undefined;
  });
  await journal.append(record(1), () => calls.push("told"));
  expect(calls).toEqual(["told"]);
  expect(journal.syncedBatch).toBe(0n);
  await journal.sync();
  expect(calls).toEqual(["told", "datasync"]);
  expect(journal.syncedBatch).toBe(1n);
  await journal.close();
});

test("damaged records are refused, whatever the damage", () => {
  expect(() => decode(storeRecord, new Uint8Array([99]))).toThrow(/no kind/);
  expect(() => decode(storeRecord, new Uint8Array([4]))).toThrow(/needed/);
});

test("a record that may wait is told in its turn, and goes with the next batch", async () => {
  const { disk, journal } = await newJournal();
  const told: (readonly [number, bigint])[] = [];
  const add = (chunk: number, mayWait: boolean) =>
    journal.append(record(chunk), (batch) => told.push([chunk, batch]), { mayWait });
  await add(1, true);
  await add(2, true);
  expect(told).toEqual([
    [1, 1n],
    [2, 1n],
  ]);
  expect(journal.bytesWritten).toBe(0);
  expect(journal.syncedBatch).toBe(0n);
  let isDurable = false;
  const durable = journal.durable(1n).then(() => {
    isDurable = true;
  });
  await Promise.resolve();
  expect(isDurable).toBe(false);
  await add(3, false);
  await durable;
  expect(journal.syncedBatch).toBe(1n);
  const { payloads } = await scan(disk);
  expect(payloads.length).toBe(1);
  expect(chunksOf(payloads)).toEqual([1, 2, 3]);
  await journal.durable(1n);
  await journal.close();
});

test.each([
  ["soon", async ({ clock }: Awaited<ReturnType<typeof newJournal>>) => clock.advance(5)],
  ["by a sync", async ({ journal }: Awaited<ReturnType<typeof newJournal>>) => journal.sync()],
  ["by a rotation", async ({ journal }: Awaited<ReturnType<typeof newJournal>>) => journal.rotate(() => {})],
  ["when it is closed", async ({ journal }: Awaited<ReturnType<typeof newJournal>>) => journal.close()],
])("what may wait is written %s", async (_, write) => {
  const made = await newJournal();
  await made.journal.append(record(7), () => {}, { mayWait: true });
  expect(chunksOf((await scan(made.disk)).payloads)).toEqual([]);
  await write(made);
  expect(chunksOf((await scan(made.disk)).payloads)).toEqual([7]);
  await made.journal.close();
});

test("no more is carried than fits, and a journal that failed tells who waits", async () => {
  const { disk, journal } = await newJournal();
  let writes = 0;
  disk.setFault(({ operation }) => {
    if (operation === "writeAt") writes += 1;
    return undefined;
  });
  for (let chunk = 0; chunk < 1000; chunk++) await journal.append(record(chunk), () => {}, { mayWait: true });
  expect(writes).toBeGreaterThan(2);
  expect(writes).toBeLessThan(20);
  await journal.append(record(1000), () => {}, { mayWait: true });
  const waiting = journal.durable(journal.syncedBatch + 1n);
  disk.setFault(() => "EIO");
  await expect(journal.append(record(1001), () => {})).rejects.toSatisfy((error) =>
    isPondError(error, "STORE_FAILED"),
  );
  await expect(waiting).rejects.toSatisfy((error) => isPondError(error, "STORE_FAILED"));
  await expect(journal.durable(10_000n)).rejects.toSatisfy((error) => isPondError(error, "STORE_FAILED"));
  await journal.abandon().catch(() => {});
});
