/**
 * How large an index gets and how long it takes to read back, on a real disk. `STORE_CHUNKS=10000000` is the size that is
 * promised: in 10 s and 1.5 GB. Memory is asserted, times are printed: they depend on who else is here.
 */
import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { NodeClock, NodeDisk } from "@smallpond/base/platform/node";
import { newCrc32c } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import type { ChainVersion, InodeId } from "../../src/ids.ts";
import { silentLogger } from "../../src/service/log.ts";
import { BlockFiles } from "../../src/storage/blocks/block-files.ts";
import { blockId } from "../../src/storage/blocks/block-id.ts";
import { HeapBuffers } from "../../src/storage/blocks/page-buffers.ts";
import { publishManifest } from "../../src/storage/checkpoint/manifest.ts";
import { ShardWriter } from "../../src/storage/checkpoint/shards.ts";
import { ChunkStore } from "../../src/storage/chunk-store.ts";
import { ChunkIndex } from "../../src/storage/index/chunk-index.ts";
import { packKey, putRecord, RECORD_WORDS } from "../../src/storage/index/packed.ts";
import { formatTarget } from "../../src/storage/target/format-target.ts";
import { keyOf } from "./helpers.ts";

const CHUNKS = Number(process.env.STORE_CHUNKS ?? 100_000);
const BYTES_PER_CHUNK_MAX = 150;
const BATCH = 16_384;
const crc = newCrc32c();

function recordsFrom(first: number, count: number): Uint8Array {
  const words = new Uint32Array(count * RECORD_WORDS);
  for (let at = 0; at < count; at++) {
    const n = first + at;
    const chunk = {
      version: 3,
      chainVersion: 1 as ChainVersion,
      length: 4000,
      crc: n,
      block: blockId(12, n),
    };
    putRecord(words, at * RECORD_WORDS, packKey(keyOf(n % 16, BigInt(1 + Math.floor(n / 16)))), chunk);
  }
  return new Uint8Array(words.buffer);
}

/** A target with that many chunks, as a checkpoint leaves it. */
async function fill(disk: NodeDisk, directory: string) {
  const place = { directory, cluster: "c", target: 1 };
  const { generation: salt } = await formatTarget({ disk, crc, random: new SeededRandom(1) }, place);
  const files = new BlockFiles({ disk }, `${directory}/blocks`, { blockFileBytes: 16 * 2 ** 30 });
  let capacity = 0;
  while (capacity < CHUNKS) capacity = await files.grow(12, CHUNKS - capacity);
  await files.close();
  const checkpoint = { disk, crc, directory: `${directory}/checkpoint`, salt };
  const writer = new ShardWriter(checkpoint, { checkpoint: 2, shardBytes: 16 * 2 ** 20 });
  for (let n = 0; n < CHUNKS; n += BATCH) {
    await writer.add("index", recordsFrom(n, Math.min(BATCH, CHUNKS - n)));
  }
  const shards = await writer.finish();
  await publishManifest(checkpoint, {
    checkpoint: 2,
    firstSegment: 1,
    firstBatch: 1n,
    chunks: CHUNKS,
    shards,
  });
}

/** The longest turn of the loop: by the clock, and by what the process computed in it, threads that write included. */
function watchTurns(): { stop(): { readonly ms: number; readonly cpuMs: number } } {
  let ms = 0;
  let cpuMs = 0;
  let isOver = false;
  let last = { at: performance.now(), usage: process.cpuUsage() };
  const turn = () => {
    const { user, system } = process.cpuUsage(last.usage);
    ms = Math.max(ms, performance.now() - last.at);
    cpuMs = Math.max(cpuMs, (user + system) / 1000);
    last = { at: performance.now(), usage: process.cpuUsage() };
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    stop: () => {
      isOver = true;
      return { ms, cpuMs };
    },
  };
}

test(`${CHUNKS} chunks are read back, and a checkpoint of them written while the loop turns`, {
  timeout: 900_000,
}, async () => {
  const disk = new NodeDisk();
  await using temporary = await disk.tempDirectory();
  const directory = `${temporary.path}/t`;
  await fill(disk, directory);
  const deps = { disk, crc, clock: new NodeClock(), buffers: new HeapBuffers(), probes: NO_PROBES };
  const place = { directory, cluster: "c", target: 1, bootId: "b" };
  const started = performance.now();
  const usage = process.cpuUsage();
  await using store = await ChunkStore.open({ ...deps, log: silentLogger() }, {}, place);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(usage);
  const cpu = (user + system) / 1e6;
  expect(store.opened.chunks).toBe(CHUNKS);
  const { indexBytes } = await store.space();
  expect(indexBytes / CHUNKS).toBeLessThan(BYTES_PER_CHUNK_MAX);
  const turns = watchTurns();
  const began = performance.now();
  await store.checkpoint();
  const longest = turns.stop();
  const rss = Math.round(process.memoryUsage().rss / 2 ** 20);
  console.log(
    `${CHUNKS} chunks: opened in ${seconds.toFixed(2)} s (${cpu.toFixed(2)} s of processor), ` +
      `index ${Math.round(indexBytes / 2 ** 20)} MiB, process ${rss} MiB; checkpoint in ` +
      `${((performance.now() - began) / 1000).toFixed(2)} s, longest turn ${longest.ms.toFixed(1)} ms (${longest.cpuMs.toFixed(1)} ms of processor)`,
  );
});

test("chunks that come in any order take at most the promised memory", () => {
  const index = new ChunkIndex();
  const random = new SeededRandom(5);
  const count = 50_000;
  for (let n = 0; n < count; n++) {
    const key = { inode: BigInt(1 + random.int(count)) as InodeId, dataVersion: 1, chunk: n };
    index.put(key, { version: 1, chainVersion: 1 as ChainVersion, length: 1, crc: n, block: blockId(12, n) });
  }
  expect(index.bytes / count).toBeLessThan(BYTES_PER_CHUNK_MAX);
});
