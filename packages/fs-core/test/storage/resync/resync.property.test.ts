/**
 * Brings a replica up to date while chunks are written and removed, over a network that loses questions and answers: when it
 * says that it is up to date it has all that was acknowledged, and in the end both have the same.
 */
import { fc, test } from "@fast-check/vitest";
import { NO_PROBES, type Probes, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { JAVASCRIPT_CRC32C as crc } from "@smallpond/fs-native";
import { expect } from "vitest";
import type { ChainVersion, RequestId, SessionId, TargetId } from "../../../src/ids.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import type { ChunkStore } from "../../../src/storage/chunk-store.ts";
import type { ChunkKey } from "../../../src/storage/model/chunk.ts";
import { SYNC_END, SYNC_LIST, SYNC_NOTES } from "../../../src/storage/protocol/methods.ts";
import { ChainResync, type ResyncBug } from "../../../src/storage/resync/chain-resync.ts";
import { StoreSyncSink } from "../../../src/storage/resync/sync-sink.ts";
import { keyOf, patterned } from "../helpers.ts";
import { type Answering, newStore, newView, type TestView, VERSION } from "./pair.ts";

const FILES = 2;
const CHUNKS = 10;
const request = "f".repeat(32) as RequestId;
const session = (digit: number) => digit.toString().repeat(32) as SessionId;

/** Writes to one chunk after another, each as docs/chain-protocol.md says of a tail. */
async function writer(
  { from, to, tail, clock }: World,
  channel: number,
  random: SeededRandom,
  acknowledged: Map<string, number>,
) {
  for (let sequence = 1; sequence <= 5; sequence++) {
    const key = keyOf(random.int(CHUNKS), BigInt(1 + random.int(FILES)));
    await clock.sleep(random.int(40));
    await tail.withChunk(key, async () => {
      if (random.next() < 0.2) {
        await again(clock, () =>
          tail.sendNote({
            ...{ kind: "remove", chunks: [key.chunk] },
            file: { inode: key.inode, dataVersion: 1 },
          }),
        );
        await from.removeChunks(key, [key.chunk]);
        acknowledged.delete(nameOf(key));
        return;
      }
      const identity = { session: session(channel), channel, sequence, request };
      const bytes = patterned(1 + random.int(200), random.int(1000));
      const done = await from.update(
        key,
        { kind: "write", offset: random.int(100), bytes },
        { dedupe: { ...identity, result: () => Uint8Array.of(sequence) } },
      );
      if (done.kind !== "prepared") throw new Error(done.kind);
      const latest = (await from.readLatest(key))!;
      const dedupe = { ...identity, result: Uint8Array.of(sequence) };
      const { version } = done;
      await again(clock, () =>
        tail.message(() =>
          to.replace(key, { version, bytes: latest.view, crc: latest.crc, chainVersion: VERSION, dedupe }),
        ),
      );
      latest.release();
      await from.commit(key, version, { chainVersion: VERSION });
      acknowledged.set(nameOf(key), version);
    });
  }
}

interface World {
  readonly from: ChunkStore;
  readonly to: ChunkStore;
  readonly tail: TestView;
  readonly clock: ManualClock;
}

function nameOf({ inode, chunk }: ChunkKey): string {
  return `${inode}/${chunk}`;
}

async function again(clock: ManualClock, work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch {
      await clock.sleep(3);
    }
  }
}

/** Leaves different histories behind on both, as if they had been apart. */
async function diverge(store: ChunkStore, random: SeededRandom, writes: number) {
  for (let at = 0; at < writes; at++) {
    const key = keyOf(random.int(CHUNKS), BigInt(1 + random.int(FILES)));
    if (store.state(key)?.pending !== undefined) continue;
    const bytes = patterned(1 + random.int(300), random.int(3));
    const done = await store.update(key, { kind: "write", offset: 0, bytes });
    if (done.kind !== "prepared") throw new Error(done.kind);
    if (random.next() < 0.8) await store.commit(key, done.version, { chainVersion: 1 as ChainVersion });
  }
  for (const channel of [0, 1, 2]) {
    const sequence = random.int(3);
    const result = Uint8Array.of(sequence);
    if (sequence > 0) {
      await store.remember({ session: session(9), channel, sequence, request, result });
    }
  }
}

async function run(seed: number, bug?: ResyncBug) {
  const random = new SeededRandom(seed);
  const clock = new ManualClock();
  const [{ store: from }, { store: to }] = [await newStore(clock, 1), await newStore(clock, 2)];
  await diverge(from, random, random.int(CHUNKS));
  // What is pending on the one that serves is settled before.
  for (const { key, pending } of from.pendings()) {
    await from.commit(key, pending!.version, { chainVersion: VERSION });
  }
  await diverge(to, random, random.int(2 * FILES * CHUNKS));
  const faults = { random, loss: 0.1 };
  const common = { clock, answer: (() => Promise.reject(new Error("nobody"))) as Answering };
  const syncing = newView({
    ...{ ...common, store: to, other: undefined, target: 2 },
    role: { kind: "syncing", predecessor: 1 as TargetId },
  });
  const sink = new StoreSyncSink({ log: silentLogger() });
  const acknowledged = new Map<string, number>();
  const answer: Answering = async (method, question) => {
    if (method.id === SYNC_NOTES.id) return await sink.notes(syncing, question as never);
    if (method.id === SYNC_LIST.id) return await sink.list(syncing, question as never);
    if (method.id !== SYNC_END.id) throw new Error(method.name);
    for (const [name, version] of acknowledged) {
      const [inode, chunk] = name.split("/");
      const there = to.state(keyOf(Number(chunk), BigInt(inode!)))?.committed?.version ?? 0;
      expect(there, `chunk ${name}`).toBeGreaterThanOrEqual(version);
    }
    return await sink.end(syncing, question as never);
  };
  const successor = { target: 2 as TargetId, syncs: true };
  const tail = newView({
    ...{ store: from, other: to, clock, target: 1, answer, faults },
    role: { kind: "serving", isHead: true, isTail: true, successor, others: [] },
  });
  for (const { key, committed } of from.list(undefined, 100)) {
    if (committed !== undefined) acknowledged.set(nameOf(key), committed.version);
  }
  const probes: Probes = { ...NO_PROBES, buggify: () => random.next() < 0.5 };
  const resync = new ChainResync(
    {
      ...{ clock, probes, log: silentLogger(), metrics: new Metrics(), repairer: { damaged: () => {} } },
      ...(bug === undefined ? {} : { bug }),
    },
    { chunksMax: 3, pageEntries: 5, pauseMs: 2 },
  );
  let isOver = false;
  const work = [
    again(clock, () => resync.run(tail, { signal: new AbortController().signal })),
    ...[0, 1, 2].map((channel) =>
      writer({ from, to, tail, clock }, channel, new SeededRandom(seed + channel), acknowledged),
    ),
  ];
  const all = Promise.all(work).finally(() => {
    isOver = true;
  });
  all.catch(() => {});
  while (!isOver) await clock.advance(5);
  await all;
  const short = (store: ChunkStore) =>
    store.list(undefined, 100).map(({ key, committed, pending }) => [nameOf(key), committed, pending]);
  const versionless = (entries: ReturnType<typeof short>) =>
    entries.map(([name, committed, pending]) => [
      name,
      { ...(committed as object), chainVersion: 0 },
      pending,
    ]);
  expect(versionless(short(to))).toEqual(versionless(short(from)));
  const answers = (store: ChunkStore) =>
    store
      .answers()
      .map(({ session: of, channel, sequence }) => `${of[0]}/${channel}: ${sequence}`)
      .sort();
  expect(answers(to)).toEqual(answers(from));
  for (const { key } of to.list(undefined, 100)) {
    const read = (await to.read(key, { offset: 0, length: 1000 }))!;
    expect(crc.of(read.view)).toBe(to.state(key)!.committed!.crc);
    read.release();
  }
}

test.prop([fc.nat(1_000_000)], { numRuns: 60 })("both have the same in the end", (seed) => run(seed));

test("without what is remembered it is noticed", async () => {
  const runs = await Promise.allSettled(Array.from({ length: 10 }, (_, seed) => run(seed, "forget-notes")));
  expect(runs.some(({ status }) => status === "rejected")).toBe(true);
});
