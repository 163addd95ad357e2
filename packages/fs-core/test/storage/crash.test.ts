/**
 * Dies at every single call to the disk of a fixed run, and opens again: what was acknowledged is there, what was not is
 * there or not, and nothing is in between. What was written stays written here; `packages/sim` takes that away too.
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
} as const;

type Step = (store: ChunkStore) => Promise<unknown>;
/** What chunk 0 holds after each step, committed; and what the steps are. */
const contents: readonly (Uint8Array | undefined)[] = makeContents();
const steps: readonly Step[] = [
  (store) => store.update(keyOf(0), { kind: "write", offset: 0, bytes: patterned(40_000, 1) }),
  (store) => store.commit(keyOf(0), 1, { chainVersion: CHAIN }),
  (store) => store.update(keyOf(0), { kind: "write", offset: 5000, bytes: patterned(9000, 2) }),
  (store) => store.checkpoint(),
  (store) => store.commit(keyOf(0), 2, { chainVersion: CHAIN }),
  (store) => store.update(keyOf(0), { kind: "truncate", length: 7000 }),
  (store) => store.commit(keyOf(0), 3, { chainVersion: CHAIN }),
  (store) => store.update(keyOf(0), { kind: "write", offset: 7000, bytes: patterned(20_000, 3) }),
  (store) => store.commit(keyOf(0), 4, { chainVersion: CHAIN }),
  (store) => store.checkpoint(),
  (store) => store.update(keyOf(0), { kind: "remove" }),
  (store) => store.commit(keyOf(0), 5, { chainVersion: CHAIN }),
  (store) => store.compact({ bytes: 2 ** 20 }),
];

function makeContents(): readonly (Uint8Array | undefined)[] {
  const first = patterned(40_000, 1);
  const second = first.slice();
  second.set(patterned(9000, 2), 5000);
  const third = second.slice(0, 7000);
  const fourth = new Uint8Array(27_000);
  fourth.set(third);
  fourth.set(patterned(20_000, 3), 7000);
  const none = undefined;
  return [none, none, first, first, first, second, second, third, third, fourth, fourth, fourth, none, none];
}

async function formatted() {
  const disk = new MemoryDisk();
  const { directory, cluster, target } = PLACE;
  const { segmentBytes } = SETTINGS;
  await formatTarget(
    { disk, crc, random: new SeededRandom(1) },
    { directory, cluster, target, segmentBytes },
  );
  return disk;
}

function open(disk: MemoryDisk) {
  const deps = { disk, crc, buffers: new HeapBuffers(), clock: new ManualClock(), probes: NO_PROBES };
  return ChunkStore.open({ ...deps, log: silentLogger() }, SETTINGS, PLACE);
}

/** Runs until the disk fails; how many steps were acknowledged. */
async function run(disk: MemoryDisk): Promise<number> {
  let done = 0;
  try {
    const store = await open(disk);
    try {
      for (const step of steps) {
        await step(store);
        done += 1;
      }
    } finally {
      await store.close();
    }
  } catch {
    return done;
  }
  return done;
}

async function assertKept(disk: MemoryDisk, done: number, about: string) {
  const store = await open(disk);
  const read = await store.read(keyOf(0), { offset: 0, length: 2 ** 20 });
  const isSame = (content: Uint8Array | undefined) =>
    read === undefined || content === undefined ? read === content : equalBytes(read.view, content);
  const possible = [contents[done], contents[Math.min(done + 1, steps.length)]];
  expect(possible.some(isSame), about).toBe(true);
  read?.release();
  const next = store.state(keyOf(0))?.pending;
  if (next !== undefined) await store.commit(keyOf(0), next.version, { chainVersion: CHAIN });
  const update = await store.update(keyOf(0), { kind: "write", offset: 100, bytes: patterned(50, 9) });
  expect(update.kind).toBe("prepared");
  if (update.kind === "prepared") await store.commit(keyOf(0), update.version, { chainVersion: CHAIN });
  expect((await store.scrub(undefined, 10)).damaged).toEqual([]);
  await store.close();
}

async function countCalls(): Promise<number> {
  const disk = await formatted();
  let calls = 0;
  disk.setFault(() => {
    calls += 1;
    return undefined;
  });
  expect(await run(disk)).toBe(steps.length);
  return calls;
}

test.each(["dies", "fails once"])(
  "a disk that %s at any call takes nothing that was acknowledged",
  async (how) => {
    const calls = await countCalls();
    expect(calls).toBeGreaterThan(100);
    for (let fatal = 1; fatal <= calls; fatal++) {
      const disk = await formatted();
      let call = 0;
      disk.setFault(() => {
        call += 1;
        return call === fatal || (how === "dies" && call > fatal) ? "EIO" : undefined;
      });
      const done = await run(disk);
      disk.setFault(() => undefined);
      await assertKept(disk, done, `call ${fatal} of ${calls}, after ${done} steps`);
    }
  },
);
