/**
 * Commits that may wait: dies at every call to the disk. Afterwards every chunk is at the version that was told last, or has
 * that one pending behind the one before, with its bytes; and what was told later is not there without it.
 */
import { equalBytes, NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryDisk } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C as crc } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import type { ChainVersion } from "../../src/ids.ts";
import { silentLogger } from "../../src/service/log.ts";
import { HeapBuffers } from "../../src/storage/blocks/page-buffers.ts";
import { ChunkStore } from "../../src/storage/chunk-store.ts";
import { formatTarget } from "../../src/storage/target/format-target.ts";
import { keyOf, patterned } from "./helpers.ts";

const CHAIN = 1 as ChainVersion;
const PLACE = { directory: "/t", cluster: "c", target: 1, bootId: "b" } as const;
const SETTINGS = {
  segmentBytes: 256 * 1024,
  batchBytesMax: 100 * 1024,
  growBytes: 64 * 1024,
  blockFileBytes: 256 * 1024,
  reserveBytes: 0,
  checkpointStepBytes: 16_384,
  stepBytes: 16_384,
  sumCacheBytes: 0,
  redoBytesMax: 16 * 1024,
} as const;
const CHUNKS = 3;

/** Bytes of each version of each chunk: written whole, then patched in turn, with a large overwrite now and then. */
const VERSIONS = 6;
function operationOf(chunk: number, version: number) {
  const seed = chunk * 100 + version;
  if (version === 1 || version === 4) return { offset: 0, bytes: patterned(90_000, seed) };
  return { offset: 1000 * version, bytes: patterned(9000, seed) };
}

function contentOf(chunk: number, version: number): Uint8Array {
  const content = new Uint8Array(90_000);
  for (let each = 1; each <= version; each++) {
    const { offset, bytes } = operationOf(chunk, each);
    content.set(bytes, offset);
  }
  return content;
}

interface Told {
  readonly prepared: number[];
  readonly committed: number[];
}

async function formatted() {
  const disk = new MemoryDisk();
  const { directory, cluster, target } = PLACE;
  const place = { directory, cluster, target, segmentBytes: SETTINGS.segmentBytes };
  await formatTarget({ disk, crc, random: new SeededRandom(1) }, place);
  return disk;
}

function open(disk: MemoryDisk, buffers = new HeapBuffers()) {
  const deps = { disk, crc, buffers, clock: new ManualClock(), probes: NO_PROBES };
  return ChunkStore.open({ ...deps, log: silentLogger() }, SETTINGS, PLACE);
}

async function run(disk: MemoryDisk): Promise<Told> {
  const told = { prepared: [0, 0, 0], committed: [0, 0, 0] };
  try {
    const store = await open(disk);
    try {
      for (let version = 1; version <= VERSIONS; version++) {
        await Promise.all(Array.from({ length: CHUNKS }, (_, chunk) => write(store, told, chunk, version)));
        if (version % 2 === 0) await store.checkpoint();
        if (version === 3) await store.settled();
      }
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name === "AssertionError") throw error;
  }
  return told;
}

async function write(store: ChunkStore, told: Told, chunk: number, version: number) {
  const done = await store.update(keyOf(chunk), { kind: "write", ...operationOf(chunk, version) });
  expect(done).toMatchObject({ kind: "prepared", version });
  told.prepared[chunk] = version;
  await store.commit(keyOf(chunk), version, { chainVersion: CHAIN, mayWait: true });
  told.committed[chunk] = version;
  const read = (await store.read(keyOf(chunk), { offset: 0, length: 90_000 }))!;
  expect(read.version).toBe(version);
  expect(equalBytes(read.view, contentOf(chunk, version))).toBe(true);
  read.release();
}

async function assertKept(disk: MemoryDisk, { prepared, committed }: Told, about: string) {
  const store = await open(disk);
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const state = store.state(keyOf(chunk));
    const [there, next] = [state?.committed?.version ?? 0, state?.pending?.version];
    const latest = Math.max(there, next ?? 0);
    // One more may have been on its way.
    expect([prepared[chunk], prepared[chunk]! + 1], about).toContain(latest);
    expect(there, about).toBeGreaterThanOrEqual(committed[chunk]! - 1);
    if (there > 0) await expectContent(store, chunk, there, about);
    if (next === undefined) continue;
    await store.commit(keyOf(chunk), next, { chainVersion: CHAIN });
    await expectContent(store, chunk, next, about);
  }
  expect((await store.scrub(undefined, 10)).damaged).toEqual([]);
  await store.close();
}

async function expectContent(store: ChunkStore, chunk: number, version: number, about: string) {
  const read = (await store.read(keyOf(chunk), { offset: 0, length: 90_000 }))!;
  expect(equalBytes(read.view, contentOf(chunk, version)), about).toBe(true);
  read.release();
}

test("a crash at any call leaves a commit that may wait done or pending", { timeout: 120_000 }, async () => {
  const counting = await formatted();
  let calls = 0;
  counting.setFault(() => {
    calls += 1;
    return undefined;
  });
  expect(await run(counting)).toEqual({ prepared: [6, 6, 6], committed: [6, 6, 6] });
  expect(calls).toBeGreaterThan(100);
  for (let fatal = 1; fatal <= calls; fatal++) {
    const disk = await formatted();
    let call = 0;
    disk.setFault(() => (++call >= fatal ? "EIO" : undefined));
    const told = await run(disk);
    disk.setFault(() => undefined);
    await assertKept(disk, told, `call ${fatal} of ${calls}`);
  }
});

test("a commit that may wait is told without a sync, and frees the block it replaced once it is durable", async () => {
  const disk = await formatted();
  const store = await open(disk);
  await store.update(keyOf(0), { kind: "write", ...operationOf(0, 1) });
  let syncs = 0;
  disk.setFault(({ operation }) => {
    if (operation === "datasync" || operation === "sync") syncs += 1;
    return undefined;
  });
  await store.commit(keyOf(0), 1, { chainVersion: CHAIN, mayWait: true });
  expect(syncs).toBe(0);
  await store.update(keyOf(0), { kind: "write", offset: 0, bytes: patterned(90_000, 9) });
  const before = store.usedBytes;
  await store.commit(keyOf(0), 2, { chainVersion: CHAIN, mayWait: true });
  expect(store.usedBytes).toBe(before);
  await store.flush();
  expect(store.usedBytes).toBe(before / 2);
  await store.close();
});
