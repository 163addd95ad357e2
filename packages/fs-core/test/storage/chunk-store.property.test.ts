/** The chunk store against a map of byte arrays: any operations, checkpoints, compactions and reopenings in between. */

import { fc, test } from "@fast-check/vitest";
import { equalBytes, NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryDisk } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C as crc } from "@smallpond/fs-native";
import { expect } from "vitest";
import type { ChainVersion } from "../../src/ids.ts";
import { silentLogger } from "../../src/service/log.ts";
import { HeapBuffers } from "../../src/storage/blocks/page-buffers.ts";
import { ChunkStore } from "../../src/storage/chunk-store.ts";
import type { UpdateOperation } from "../../src/storage/store/plan-update.ts";
import { formatTarget } from "../../src/storage/target/format-target.ts";
import { keyOf, patterned } from "./helpers.ts";

const CHAIN = 1 as ChainVersion;
const PLACE = { directory: "/t", cluster: "c", target: 1, bootId: "b" } as const;
const SETTINGS = {
  segmentBytes: 512 * 1024,
  batchBytesMax: 200 * 1024,
  checkpointBytes: 600 * 1024,
  growBytes: 128 * 1024,
  blockFileBytes: 512 * 1024,
  reserveBytes: 0,
  shardBytes: 4096,
  checkpointStepBytes: 8192,
  stepBytes: 8192,
  sumCacheBytes: 512,
  redoBytesMax: 64 * 1024,
} as const;

const chunk = fc.nat(3);
const edge = fc.constantFrom(0, 1, 4095, 4096, 4097, 8192, 65_535, 65_536, 65_537, 70_000, 131_072);
const size = fc.oneof(edge, fc.nat(140_000));
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      chunk,
      offset: size,
      length: fc.oneof(edge, fc.nat(9000)),
      seed: fc.nat(1000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("truncate" as const), chunk, length: size }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), chunk }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("commit" as const), chunk }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("discard" as const), chunk }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("replace" as const),
      chunk,
      length: size,
      pending: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("checkpoint", "compact", "reopen", "settle" as const) }),
  },
);

interface Model {
  committed?: { version: number; bytes: Uint8Array } | undefined;
  pending?: { version: number; bytes: Uint8Array | undefined } | undefined;
}

test.prop([fc.array(step, { minLength: 1, maxLength: 40 })], { numRuns: 60 })(
  "the store is the map",
  async (steps) => {
    const disk = new MemoryDisk();
    const { directory, cluster, target } = PLACE;
    const { segmentBytes } = SETTINGS;
    await formatTarget(
      { disk, crc, random: new SeededRandom(1) },
      { directory, cluster, target, segmentBytes },
    );
    const buffers = new HeapBuffers();
    const open = () =>
      ChunkStore.open(
        { disk, crc, buffers, clock: new ManualClock(), probes: NO_PROBES, log: silentLogger() },
        SETTINGS,
        PLACE,
      );
    let store = await open();
    const models: Model[] = [{}, {}, {}, {}];
    for (const each of steps) {
      if (!("chunk" in each)) {
        if (each.kind === "checkpoint") await store.checkpoint();
        if (each.kind === "compact") await store.compact({ bytes: 2 ** 20 });
        if (each.kind === "settle") await store.settled();
        if (each.kind === "reopen") {
          await store.close();
          store = await open();
        }
        for (const [at, model] of models.entries()) await demand(store, at, model);
        continue;
      }
      const key = keyOf(each.chunk);
      const model = models[each.chunk]!;
      const { committed, pending } = model;
      if (each.kind === "commit" || each.kind === "discard") {
        if (pending === undefined) continue;
        model.pending = undefined;
        if (each.kind === "discard") {
          expect(await store.discard(key, pending.version)).toBe(true);
        } else {
          // Every other chunk's commits may wait.
          const options = { chainVersion: CHAIN, mayWait: each.chunk % 2 === 0 };
          expect((await store.commit(key, pending.version, options)).kind).toBe("committed");
          const { version, bytes } = pending;
          model.committed = bytes === undefined ? undefined : { version, bytes };
        }
      } else if (each.kind === "replace") {
        const bytes = patterned(each.length, each.length);
        const chainVersion = each.pending ? undefined : CHAIN;
        await store.replace(key, { version: 7, bytes, crc: crc.of(bytes), chainVersion });
        model.committed = each.pending ? undefined : { version: 7, bytes };
        model.pending = each.pending ? { version: 7, bytes } : undefined;
      } else {
        if (pending !== undefined) continue;
        const operation = operationOf(each);
        const version = (committed?.version ?? 0) + 1;
        const bytes = applied(operation, committed?.bytes);
        expect(await store.update(key, operation)).toEqual({
          kind: "prepared",
          version,
          length: bytes?.length ?? 0,
          crc: bytes === undefined ? 0 : crc.of(bytes),
        });
        model.pending = { version, bytes };
      }
      await demand(store, each.chunk, model);
    }
    const { usedBytes } = await store.space();
    const isEmpty = models.every(
      ({ committed, pending }) => committed === undefined && pending === undefined,
    );
    if (isEmpty) expect(usedBytes).toBe(0);
    await store.close();
    expect(buffers.held).toBe(0);
  },
);

async function demand(store: ChunkStore, chunk: number, model: Model) {
  const key = keyOf(chunk);
  const state = store.state(key);
  expect(state?.committed?.version).toBe(model.committed?.version);
  expect(state?.pending?.version).toBe(model.pending?.version);
  const current = await store.read(key, { offset: 0, length: 2 ** 26 });
  same(current?.view, model.committed?.bytes);
  if (current !== undefined) expect(current.crc).toBe(crc.of(current.view));
  current?.release();
  const part = await store.read(key, { offset: 4000, length: 5000 });
  same(part?.view, model.committed?.bytes.subarray(4000, 9000));
  if (part !== undefined) expect(part.crc).toBe(crc.of(part.view));
  part?.release();
  if (model.pending === undefined) return;
  const latest = await store.readLatest(key);
  same(latest?.view, model.pending.bytes);
  latest?.release();
}

function same(actual: Uint8Array | undefined, expected: Uint8Array | undefined) {
  expect(actual?.length).toBe(expected?.length);
  if (actual !== undefined && expected !== undefined) expect(equalBytes(actual, expected)).toBe(true);
}

function operationOf(
  each:
    | { kind: "write"; offset: number; length: number; seed: number }
    | { kind: "truncate"; length: number }
    | { kind: "remove" },
): UpdateOperation {
  if (each.kind !== "write") return each;
  return { kind: "write", offset: each.offset, bytes: patterned(each.length, each.seed) };
}

function applied(operation: UpdateOperation, before: Uint8Array = new Uint8Array(0)): Uint8Array | undefined {
  if (operation.kind === "remove") return undefined;
  const isEmpty = operation.kind === "write" && operation.bytes.length === 0;
  const end = operation.kind === "write" ? operation.offset + operation.bytes.length : operation.length;
  const length = operation.kind === "truncate" ? end : isEmpty ? before.length : Math.max(end, before.length);
  const bytes = new Uint8Array(length);
  bytes.set(before.subarray(0, length));
  if (operation.kind === "write" && !isEmpty) bytes.set(operation.bytes, operation.offset);
  return bytes;
}
