/** Damaged chunks are mended from other replicas, by those and only those bytes that were committed. */
import { equalBytes, NO_PROBES, PondError, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { BufferPool, type Piece } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import type { ChainVersion, TargetId } from "../../../src/ids.ts";
import { Logger, type LogLine } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import type { ChunkStore } from "../../../src/storage/chunk-store.ts";
import { TrafficShares } from "../../../src/storage/classes/traffic-shares.ts";
import type { ChunkKey } from "../../../src/storage/model/chunk.ts";
import type { FetchAnswer } from "../../../src/storage/protocol/sync.ts";
import { ChunkRepairer } from "../../../src/storage/repair/chunk-repairer.ts";
import { StoreFetchSource } from "../../../src/storage/repair/fetch-source.ts";
import type { MendBug } from "../../../src/storage/repair/mend-chunk.ts";
import type { CareSettings, RepairSettings } from "../../../src/storage/repair/settings.ts";
import { TargetCare } from "../../../src/storage/repair/target-care.ts";
import { keyOf, patterned } from "../helpers.ts";
import { type Answering, newStore, newView } from "../resync/pair.ts";

const chainVersion = 4 as ChainVersion;
const KiB = 1024;

interface Change {
  readonly settings?: Partial<RepairSettings>;
  readonly others?: number;
  readonly bug?: MendBug;
}

async function newChain({ settings = {}, others = 2, bug }: Change = {}) {
  const clock = new ManualClock();
  const own = await newStore(clock, 1);
  const stores = new Map<number, ChunkStore>();
  const buffers = [own.buffers];
  for (let target = 2; target < 2 + others; target++) {
    const made = await newStore(clock, target);
    stores.set(target, made.store);
    buffers.push(made.buffers);
  }
  const source = new StoreFetchSource();
  /** What becomes of a question to a target. */
  const faults = new Map<number, (answer: FetchAnswer, bytes: Uint8Array) => FetchAnswer>();
  const answer: Answering = async (_, question, { target, into, onBulk }) => {
    let sent: { readonly pieces: readonly Piece[]; readonly release: () => void } | undefined;
    const sendBack = (bulk: NonNullable<typeof sent>) => {
      sent = bulk;
    };
    const found = await source.fetch({ store: stores.get(target)! }, question as never, { sendBack });
    const bytes = (sent?.pieces[0] as Uint8Array | undefined)?.slice() ?? new Uint8Array(0);
    sent?.release();
    const told = faults.get(target)?.(found, bytes) ?? found;
    if (into !== undefined && "view" in into) into.view.set(bytes);
    onBulk?.(bytes.length);
    return told;
  };
  const replica = newView({
    ...{ store: own.store, other: undefined, clock, target: 1, answer },
    role: {
      ...{ kind: "serving", isHead: true, isTail: false, successor: undefined },
      others: [...stores.keys()] as TargetId[],
    },
  });
  const lines: LogLine[] = [];
  const log = new Logger({ clock, sink: (line) => void lines.push(line) });
  const metrics = new Metrics();
  const allocate = (bytes: number) => ({ buffer: new ArrayBuffer(bytes), alignment: 1 });
  const pool = new BufferPool({ allocate, leaked: () => {} }, { regionBytes: 2 ** 20, bytesMax: 2 ** 20 });
  const deps = { clock, log, metrics, pool, probes: NO_PROBES };
  const repairer = new ChunkRepairer({ ...deps, ...(bug === undefined ? {} : { bug }) }, settings);
  const all = [own.store, ...stores.values()];
  return { clock, own, stores, all, faults, replica, lines, log, metrics, pool, repairer, buffers };
}

async function put(stores: readonly ChunkStore[], key: ChunkKey, bytes: Uint8Array) {
  for (const store of stores) {
    const done = await store.update(key, { kind: "write", offset: 0, bytes });
    if (done.kind !== "prepared") throw new Error(done.kind);
    await store.commit(key, done.version, { chainVersion });
    await store.settled();
  }
}

/** Flips a bit of every block of that content. */
async function damage({ own }: Awaited<ReturnType<typeof newChain>>, bytes: Uint8Array) {
  for (const { name } of await own.disk.readdir("/t/blocks")) {
    if (!name.endsWith(".blocks")) continue;
    const path = `/t/blocks/${name}`;
    const all = await own.disk.readFile(path);
    for (let at = 0; at + 16 <= all.length; at += 4096) {
      if (equalBytes(all.subarray(at, at + 16), bytes.subarray(0, 16))) all[at]! ^= 1;
    }
    await own.disk.writeFile(path, all);
  }
}

async function readable(store: ChunkStore, key: ChunkKey, bytes: Uint8Array): Promise<boolean> {
  try {
    const read = (await store.read(key, { offset: 0, length: 2 ** 20 }))!;
    const isSame = equalBytes(read.view, bytes);
    read.release();
    return isSame;
  } catch {
    return false;
  }
}

const CONTENT = patterned(70 * KiB, 5);

test("a damaged chunk is fetched from another replica, and stays the version that it was", async () => {
  const chain = await newChain();
  const { own, all, replica, repairer, clock, metrics, pool, buffers } = chain;
  await put(all, keyOf(0), CONTENT);
  const before = own.store.state(keyOf(0));
  await damage(chain, CONTENT);
  expect(await readable(own.store, keyOf(0), CONTENT)).toBe(false);
  repairer.damaged(replica, keyOf(0));
  repairer.damaged(replica, keyOf(0));
  expect(repairer.size).toBe(1);
  await clock.advance(10);
  expect(await readable(own.store, keyOf(0), CONTENT)).toBe(true);
  expect(own.store.state(keyOf(0))).toEqual(before);
  expect(repairer.size).toBe(0);
  expect(metrics.text()).toContain('pond_storage_repairs_total{outcome="mended"} 1');
  expect(pool.leases).toBe(0);
  expect(buffers.map(({ held }) => held)).toEqual([0, 0, 0]);
  // Nothing is wrong any more.
  repairer.damaged(replica, keyOf(0));
  repairer.damaged(replica, keyOf(9));
  await clock.advance(10);
  expect(metrics.text()).toContain('pond_storage_repairs_total{outcome="sound"} 1');
  expect(metrics.text()).toContain('pond_storage_repairs_total{outcome="gone"} 1');
});

test.each([
  ["is damaged too", (): FetchAnswer => refused("CHUNK_CORRUPT")],
  ["does not have it", (): FetchAnswer => ({ kind: "none" })],
  ["has other bytes", (answer: FetchAnswer): FetchAnswer => ({ ...answer, crc: 7 }) as FetchAnswer],
  [
    "answers with bytes that were damaged on the way",
    (answer: FetchAnswer, bytes: Uint8Array): FetchAnswer => {
      bytes[9]! ^= 1;
      return answer;
    },
  ],
])("one that %s is passed over", async (_, fault) => {
  const chain = await newChain();
  const { own, all, replica, repairer, clock, faults, lines } = chain;
  await put(all, keyOf(0), CONTENT);
  await damage(chain, CONTENT);
  faults.set(2, fault);
  repairer.damaged(replica, keyOf(0));
  await clock.advance(10);
  expect(await readable(own.store, keyOf(0), CONTENT)).toBe(true);
  expect(lines.at(-1)).toMatchObject({ event: "a chunk was mended", fields: { from: 3 } });
});

test("what nobody can mend is reported, and mended when it is found again and somebody can", async () => {
  const chain = await newChain();
  const { own, all, replica, repairer, clock, faults, lines, metrics } = chain;
  await put(all, keyOf(0), CONTENT);
  await damage(chain, CONTENT);
  for (const target of [2, 3]) faults.set(target, () => ({ kind: "none" }));
  repairer.damaged(replica, keyOf(0));
  await clock.advance(10);
  expect(lines.at(-1)).toMatchObject({ level: "error", fields: { target: 1, chunk: "7/1/0" } });
  expect(metrics.text()).toContain("pond_storage_chunks_lost 1");
  expect(repairer.lost).toEqual([{ target: 1, key: keyOf(0) }]);
  faults.clear();
  repairer.damaged(replica, keyOf(0));
  await clock.advance(10);
  expect(await readable(own.store, keyOf(0), CONTENT)).toBe(true);
  expect(metrics.text()).toContain("pond_storage_chunks_lost 0");
  expect(repairer.lost).toEqual([]);
});

test("one alone in its chain loses a damaged chunk at once", async () => {
  const chain = await newChain({ others: 0 });
  const { all, replica, repairer, clock, metrics } = chain;
  await put(all, keyOf(0), CONTENT);
  await damage(chain, CONTENT);
  repairer.damaged(replica, keyOf(0));
  await clock.advance(10);
  expect(metrics.text()).toContain("pond_storage_chunks_lost 1");
});

test("it is tried again after somebody was silent, had another version, or an update was pending", async () => {
  const chain = await newChain({ others: 1, settings: { retryMsMin: 100, retryMsMax: 400 } });
  const { own, all, replica, repairer, clock, faults, metrics } = chain;
  await put(all, keyOf(0), CONTENT);
  await damage(chain, CONTENT);
  faults.set(2, () => {
    throw new PondError("NO_ANSWER", { kind: "unknown-outcome", message: "silence" });
  });
  repairer.damaged(replica, keyOf(0));
  await clock.advance(50);
  expect(metrics.text()).toContain('outcome="later"} 1');
  faults.set(2, (answer) => ({ ...answer, version: 2 }) as FetchAnswer);
  await clock.advance(100);
  expect(metrics.text()).toContain('outcome="later"} 2');
  faults.set(2, () => refused("NOT_READY"));
  await clock.advance(200);
  expect(metrics.text()).toContain('outcome="later"} 3');
  faults.clear();
  const next = await own.store.update(keyOf(0), { kind: "truncate", length: 0 });
  await clock.advance(400);
  expect(metrics.text()).toContain('outcome="later"} 4');
  expect(next.kind).toBe("prepared");
  await own.store.discard(keyOf(0), 2);
  await clock.advance(400);
  expect(await readable(own.store, keyOf(0), CONTENT)).toBe(true);
});

test("the turn of the chunk is kept while it is mended", async () => {
  const chain = await newChain({ others: 1 });
  const { own, all, replica, repairer, clock } = chain;
  await put(all, keyOf(0), CONTENT);
  await damage(chain, CONTENT);
  const ask = replica.ask;
  Object.assign(replica, {
    ask: async (...question: Parameters<typeof ask>) => {
      await clock.sleep(100);
      return await ask(...question);
    },
  });
  repairer.damaged(replica, keyOf(0));
  await clock.advance(10);
  const writing = replica.withChunk(keyOf(0), () => put([own.store], keyOf(0), patterned(10, 1)));
  await clock.advance(50);
  expect(own.store.state(keyOf(0))?.committed?.version).toBe(1);
  await clock.advance(100);
  await writing;
  expect(own.store.state(keyOf(0))?.committed?.version).toBe(2);
  expect((await own.store.scrub(undefined, 1)).damaged).toEqual([]);
});

test("so many wait, the rest is found again; closing gives up", async () => {
  const chain = await newChain({ settings: { workersMax: 1, waitingMax: 2 } });
  const { all, replica, repairer, clock, metrics } = chain;
  for (let at = 0; at < 4; at++) await put(all, keyOf(at), CONTENT);
  await damage(chain, CONTENT);
  Object.assign(replica, {
    ask: async (...[, , , options]: Parameters<typeof replica.ask>) => {
      await clock.sleep(1_000_000, { signal: options?.signal });
    },
  });
  for (let at = 0; at < 4; at++) repairer.damaged(replica, keyOf(at));
  expect(metrics.text()).toContain('outcome="dropped"} 2');
  await clock.advance(10);
  await repairer.close();
  repairer.damaged(replica, keyOf(3));
  expect(repairer.size).toBe(0);
  expect(clock.pendingCount).toBe(0);
});

test("who does not serve mends nothing", async () => {
  const chain = await newChain();
  const { all, replica, repairer, clock } = chain;
  await put(all, keyOf(0), CONTENT);
  await damage(chain, CONTENT);
  Object.assign(replica, { role: { kind: "syncing", predecessor: 2 } });
  repairer.damaged(replica, keyOf(0));
  await clock.advance(100_000);
  expect(replica.asked).toEqual([]);
  expect(repairer.size).toBe(0);
});

test("the planted bug takes any version", async () => {
  const chain = await newChain({ others: 1, bug: "mend-with-any-version" });
  const { own, all, stores, replica, repairer, clock } = chain;
  await put(all, keyOf(0), CONTENT);
  await put([stores.get(2)!], keyOf(0), patterned(70 * KiB, 6));
  await damage(chain, CONTENT);
  repairer.damaged(replica, keyOf(0));
  await clock.advance(10);
  expect(own.store.state(keyOf(0))?.committed?.version).toBe(2);
});

function refused(code: "CHUNK_CORRUPT" | "NOT_READY"): FetchAnswer {
  return { kind: "refused", code, message: "no", chainVersion: undefined };
}

async function cared(settings: Partial<CareSettings>, shares?: TrafficShares) {
  const chain = await newChain();
  const { clock, log, metrics, repairer } = chain;
  const random = new SeededRandom(3);
  const care = new TargetCare(
    { clock, log, metrics, random, repairer, ...(shares === undefined ? {} : { shares }) },
    settings,
  );
  const abort = new AbortController();
  const run = () => care.run(chain.replica, { signal: abort.signal });
  return { ...chain, run, abort, care };
}

test("reading back is slowed down while it goes on, and is as fast as at the start when nothing is said of it", async () => {
  const { all, clock, run, abort, metrics, care } = await cared({ cycleMs: 1, bytesPerSecond: 1000 * KiB });
  for (let at = 0; at < 4; at++) await put(all, keyOf(at), patterned(20 * KiB, at));
  const running = run();
  const bytesIn = async (ms: number): Promise<number> => {
    const bytes = () => Number(/scrubbed_bytes_total (\d+)/.exec(metrics.text())?.[1]);
    const before = bytes();
    await clock.advance(ms);
    return bytes() - before;
  };
  const fast = await bytesIn(10_000);
  care.adjust({ bytesPerSecond: 10 * KiB });
  // What was due to be read already, at most.
  await clock.advance(10_000);
  const slow = await bytesIn(60_000);
  expect(slow).toBeGreaterThan(0);
  expect(slow).toBeLessThan(fast / 5);
  care.adjust({});
  await clock.advance(20_000);
  expect(await bytesIn(10_000)).toBeGreaterThan(fast / 2);
  abort.abort(new Error("enough"));
  await running;
});

test("a target is read back in its time, and what is damaged is mended", async () => {
  const metrics = new Metrics();
  const chain = await cared({ cycleMs: 100_000 }, new TrafficShares({ metrics }));
  const { own, all, clock, run, abort } = chain;
  for (let at = 0; at < 20; at++) await put(all, keyOf(at), patterned(20 * KiB, at));
  await damage(chain, patterned(20 * KiB, 13));
  const running = run();
  await clock.advance(90_000);
  const text = chain.metrics.text();
  const bytes = Number(/pond_storage_scrubbed_bytes_total (\d+)/.exec(text)?.[1]);
  // Blocks are larger than what is in them.
  expect(bytes).toBeGreaterThan(8 * 20 * KiB);
  expect(bytes).toBeLessThan(50 * 20 * KiB);
  await clock.advance(200_000);
  expect(await readable(own.store, keyOf(13), patterned(20 * KiB, 13))).toBe(true);
  expect(chain.metrics.text()).toContain("pond_storage_scrub_damaged_total 1");
  expect(Number(/scrub_rounds_total (\d+)/.exec(chain.metrics.text())?.[1])).toBeGreaterThan(0);
  abort.abort(new Error("enough"));
  await running;
  expect(clock.pendingCount).toBe(0);
});

test("it is read back no faster than may be, from anywhere on", async () => {
  const { all, clock, run, abort, metrics } = await cared({ cycleMs: 1, bytesPerSecond: 100 * KiB });
  for (let at = 0; at < 20; at++) await put(all, keyOf(at), patterned(20 * KiB, at));
  const running = run();
  await clock.advance(1000);
  const bytes = Number(/pond_storage_scrubbed_bytes_total (\d+)/.exec(metrics.text())?.[1]);
  expect(bytes).toBeLessThanOrEqual(140 * KiB);
  expect(bytes).toBeGreaterThan(60 * KiB);
  await clock.advance(10_000);
  expect(Number(/scrub_rounds_total (\d+)/.exec(metrics.text())?.[1])).toBeGreaterThanOrEqual(2);
  abort.abort(new Error("enough"));
  await running;
});

test("what is due is forgotten and space is given back, until the store is closed", async () => {
  const { own, clock, run, metrics } = await cared({ forgetMs: 1000, compactMs: 5000 });
  await own.store.revoke({ sessions: ["5".repeat(32) as never], untilMs: clock.wallMs() + 10_000 });
  for (let at = 0; at < 30; at++) await put([own.store], keyOf(at), patterned(60 * KiB, at));
  await own.store.removeRange(keyOf(0), { from: 0, to: 25, limit: 100 });
  const running = run();
  await clock.advance(9000);
  expect(own.store.revocations().length).toBe(1);
  expect(Number(/given_back_bytes_total (\d+)/.exec(metrics.text())?.[1])).toBeGreaterThan(0);
  await clock.advance(3000);
  expect(own.store.revocations()).toEqual([]);
  await own.store.close();
  await clock.advance(100_000);
  await running;
});
