/** A replica that was away has what its predecessor has afterwards, and is sent no more than that takes. */
import { equalBytes, NO_PROBES, PondError, type SignalOptions } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import type { ChainVersion, RequestId, SessionId, TargetId } from "../../../src/ids.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import type { ReplicaView } from "../../../src/storage/chain/chain-deps.ts";
import type { ChunkStore } from "../../../src/storage/chunk-store.ts";
import type { ChunkKey } from "../../../src/storage/model/chunk.ts";
import type { ChainNote } from "../../../src/storage/protocol/forward.ts";
import { SYNC_END, SYNC_LIST, SYNC_NOTES } from "../../../src/storage/protocol/methods.ts";
import { ChainResync, type ResyncBug } from "../../../src/storage/resync/chain-resync.ts";
import { removeThere } from "../../../src/storage/resync/remove-there.ts";
import type { ResyncSettings } from "../../../src/storage/resync/settings.ts";
import { StoreSyncSink } from "../../../src/storage/resync/sync-sink.ts";
import { keyOf, patterned } from "../helpers.ts";
import { type Answering, CHAIN, newStore, newView, VERSION } from "./pair.ts";

const chainVersion = 4 as ChainVersion;
const session = (digit: string) => digit.repeat(32) as SessionId;
const request = "f".repeat(32) as RequestId;

async function newPair(settings: Partial<ResyncSettings> = {}, bug?: ResyncBug) {
  const clock = new ManualClock();
  const from = await newStore(clock, 1);
  const to = await newStore(clock, 2);
  const syncing = newView({
    ...{ store: to.store, other: undefined, clock, target: 2 },
    role: { kind: "syncing", predecessor: 1 as TargetId },
    answer: () => Promise.reject(new Error("nobody is asked")),
  });
  const sink = new StoreSyncSink({ log: silentLogger() });
  const answer: Answering = async (method, question) => {
    if (method.id === SYNC_NOTES.id) return await sink.notes(syncing, question as never);
    if (method.id === SYNC_LIST.id) return await sink.list(syncing, question as never);
    if (method.id === SYNC_END.id) return await sink.end(syncing, question as never);
    throw new Error(method.name);
  };
  const successor = { target: 2 as TargetId, syncs: true };
  const tail = newView({
    ...{ store: from.store, other: to.store, clock, target: 1, answer },
    role: { kind: "serving", isHead: true, isTail: true, successor, others: [] },
  });
  const metrics = new Metrics();
  const damaged: ChunkKey[] = [];
  const repairer = { damaged: (_: ReplicaView, key: ChunkKey) => void damaged.push(key) };
  const deps = { clock, metrics, repairer, log: silentLogger(), probes: NO_PROBES };
  const resync = new ChainResync({ ...deps, ...(bug === undefined ? {} : { bug }) }, settings);
  /** Time passes while it runs. */
  const run = async (signal = new AbortController().signal) => {
    let running = true;
    const done = resync.run(tail, { signal }).finally(() => {
      running = false;
    });
    done.catch(() => {});
    while (running) await clock.advance(1);
    await done;
  };
  return { clock, from, to, tail, syncing, sink, resync, metrics, damaged, run };
}

async function put(store: ChunkStore, key: ChunkKey, bytes: Uint8Array) {
  const done = await store.update(key, { kind: "write", offset: 0, bytes });
  if (done.kind !== "prepared") throw new Error(done.kind);
  await store.commit(key, done.version, { chainVersion });
}

async function expectSame(from: ChunkStore, to: ChunkStore) {
  const [wanted, there] = [from.list(undefined, 10_000), to.list(undefined, 10_000)];
  expect(there.map(({ key, committed }) => [key, committed?.version, committed?.crc])).toEqual(
    wanted.map(({ key, committed }) => [key, committed?.version, committed?.crc]),
  );
  for (const { key } of wanted) {
    const range = { offset: 0, length: 2 ** 26 };
    const [mine, theirs] = [(await from.read(key, range))!, (await to.read(key, range))!];
    expect(equalBytes(mine.view, theirs.view)).toBe(true);
    mine.release();
    theirs.release();
  }
}

test("sends what differs, removes what is too much, and leaves the rest", async () => {
  const { from, to, tail, run, resync, metrics } = await newPair({ pageEntries: 4 });
  for (let at = 0; at < 30; at++) await put(from.store, keyOf(at), patterned(1000 + at, at));
  for (let at = 10; at < 40; at++) await put(to.store, keyOf(at), patterned(1000 + at, at));
  // The same version and length with other bytes; another version; the same with something on its way.
  await put(to.store, keyOf(3), patterned(1003, 99));
  await put(to.store, keyOf(12), patterned(10, 99));
  await to.store.update(keyOf(15), { kind: "truncate", length: 9 });
  await put(to.store, keyOf(5, 9n), patterned(10, 1));
  await to.store.update(keyOf(6, 9n), { kind: "truncate", length: 9 });
  await run();
  await expectSame(from.store, to.store);
  const sent = tail.sent.map(({ chunk }) => chunk).sort((a, b) => a - b);
  expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15]);
  expect(resync.progress).toEqual([]);
  expect(metrics.text()).toContain('pond_storage_resync_chunks_total{outcome="same"} 18');
  expect(metrics.text()).toContain('pond_storage_resync_chunks_total{outcome="sent"} 12');
  expect(metrics.text()).toContain('pond_storage_resync_chunks_total{outcome="removed"} 12');
  expect(metrics.text()).toContain('pond_storage_resyncs_total{outcome="done"} 1');
  tail.sent.length = 0;
  await run();
  expect(tail.sent).toEqual([]);
});

test.each([
  ["nothing", 0, 20],
  ["everything and nothing is wanted", 20, 0],
  ["nothing and nothing is wanted", 0, 0],
])("works where the other one has %s", async (_, theirs, own) => {
  const { from, to, run } = await newPair({ pageEntries: 4 });
  for (let at = 0; at < own; at++) await put(from.store, keyOf(at), patterned(10, at));
  for (let at = 0; at < theirs; at++) await put(to.store, keyOf(at * 3), patterned(10, at));
  await run();
  await expectSame(from.store, to.store);
});

test("what is remembered takes the place of what the other one remembered", async () => {
  const { from, to, run } = await newPair({ pageEntries: 2 });
  const remember = (store: ChunkStore, digit: string, sequence: number) =>
    store.remember({
      ...{ session: session(digit), channel: 0, sequence, request },
      result: Uint8Array.of(sequence),
    });
  for (const digit of "12345") await remember(from.store, digit, 7);
  await from.store.revoke({ sessions: [session("a")], untilMs: 1 });
  await from.store.noteTruncated({ file: keyOf(0), truncateVersion: 4 });
  await remember(to.store, "6", 9);
  await remember(to.store, "1", 9);
  await to.store.revoke({ sessions: [session("b")], untilMs: 1 });
  await to.store.noteTruncated({ file: keyOf(0), truncateVersion: 9 });
  await run();
  expect(to.store.answers()).toEqual(from.store.answers());
  expect(to.store.revocations()).toEqual(from.store.revocations());
  expect(to.store.truncations()).toEqual(from.store.truncations());
});

test("what updates brought is not forgotten when it begins anew in the same version", async () => {
  const { to, syncing, sink } = await newPair();
  const first = {
    ...{ chain: CHAIN, chainVersion: VERSION, first: true },
    ...{ answers: [], revoked: [], truncated: [] },
  };
  expect(await sink.end(syncing, { chain: CHAIN, chainVersion: VERSION })).toMatchObject({ kind: "refused" });
  expect(await sink.notes(syncing, { ...first, first: false })).toMatchObject({ kind: "refused" });
  expect(await sink.notes(syncing, first)).toEqual({ kind: "done" });
  const entry = { session: session("1"), channel: 0, sequence: 3, request, result: Uint8Array.of(1) };
  await to.store.remember(entry);
  expect(await sink.notes(syncing, first)).toEqual({ kind: "done" });
  expect(to.store.answerTo(session("1"), 0)).toEqual(entry);
  await sink.notes(syncing, { ...first, chainVersion: 6 as ChainVersion });
  expect(to.store.answers()).toEqual([]);
});

test("an end that takes longer than its version of the chain does not make a replica complete in the next one", async () => {
  const { to, syncing, sink } = await newPair();
  const first = { chain: CHAIN, first: true, answers: [], revoked: [], truncated: [] };
  const next = 6 as ChainVersion;
  for (const begins of ["while it is made durable", "while it is marked"]) {
    const version = begins === "while it is marked" ? next : VERSION;
    await sink.notes(syncing, { ...first, chainVersion: version });
    let beginNext = (): Promise<unknown> =>
      sink.notes(syncing, { ...first, chainVersion: (version + 1) as ChainVersion });
    let beginning: Promise<unknown> | undefined;
    const once =
      <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        const working = work(...args);
        beginning ??= beginNext();
        beginNext = () => Promise.resolve();
        return await working;
      };
    const [flush, mark] = [to.store.flush.bind(to.store), to.store.markComplete.bind(to.store)];
    if (version === VERSION) to.store.flush = once(flush);
    else to.store.markComplete = once(mark);
    await sink.end(syncing, { chain: CHAIN, chainVersion: version });
    await beginning;
    expect(to.store.opened.isComplete, begins).toBe(false);
    Object.assign(to.store, { flush, markComplete: mark });
  }
  await sink.end(syncing, { chain: CHAIN, chainVersion: 7 as ChainVersion });
  expect(to.store.opened.isComplete).toBe(true);
});

test("what is noted before the first notes come stays, if it began before", async () => {
  const { from, to, syncing, sink, run } = await newPair();
  await to.store.revoke({ sessions: [session("1")], untilMs: 5 });
  await sink.begin(syncing, VERSION);
  await to.store.revoke({ sessions: [session("2")], untilMs: 5 });
  // The tail has not taken it down yet.
  await run();
  await from.store.revoke({ sessions: [session("2")], untilMs: 5 });
  expect(to.store.revocations()).toEqual(from.store.revocations());
});

test("a replica is incomplete from when it forgets until all of it is here", async () => {
  const { to, run, tail } = await newPair();
  expect(to.store.opened.isComplete).toBe(true);
  const ask = tail.ask;
  Object.assign(tail, {
    ask: (...[target, method, question, options]: Parameters<typeof ask>) =>
      method.id === SYNC_LIST.id
        ? Promise.reject(new PondError("CHAIN_CHANGED", { kind: "conflict", message: "changed" }))
        : ask(target, method, question, options),
  });
  await expect(run()).rejects.toThrow("changed");
  expect(to.store.opened.isComplete).toBe(false);
  Object.assign(tail, { ask });
  await run();
  expect(to.store.opened.isComplete).toBe(true);
});

test("a chunk that is damaged here is reported, others are sent, and the other one is not up to date", async () => {
  const { from, tail, run, damaged, metrics } = await newPair();
  for (let at = 0; at < 5; at++) await put(from.store, keyOf(at), patterned(100, at));
  const sendWhole = tail.sendWhole;
  Object.assign(tail, {
    sendWhole: (...[key, options]: Parameters<typeof sendWhole>) =>
      key.chunk === 2
        ? Promise.reject(new PondError("CHUNK_CORRUPT", { kind: "corrupt", message: "damaged" }))
        : sendWhole(key, options),
  });
  await expect(run()).rejects.toThrow("1 chunks of target 1 are damaged");
  expect(damaged).toEqual([keyOf(2)]);
  expect(tail.sent.map(({ chunk }) => chunk)).toEqual([0, 1, 3, 4]);
  expect(tail.asked).not.toContain("storage.syncEnd");
  expect(metrics.text()).toContain('pond_storage_resyncs_total{outcome="failed"} 1');
});

test("what may pass is tried again, what may not ends it, and so does the signal", async () => {
  const { from, tail, run, clock, resync } = await newPair({ attempts: 3, pauseMs: 10 });
  for (let at = 0; at < 5; at++) await put(from.store, keyOf(at), patterned(100, at));
  const sendWhole = tail.sendWhole;
  let failures = 0;
  const failing = (kind: "retry" | "conflict", times: number) => {
    failures = 0;
    Object.assign(tail, {
      sendWhole: (...[key, options]: Parameters<typeof sendWhole>) => {
        if (key.chunk !== 2 || failures === times) return sendWhole(key, options);
        failures += 1;
        return Promise.reject(new PondError("STORE_BUSY", { kind, message: "busy" }));
      },
    });
  };
  failing("retry", 3);
  await expect(run()).rejects.toThrow("busy");
  failing("conflict", 1);
  await expect(run()).rejects.toThrow("busy");
  expect(failures).toBe(1);
  failing("retry", 2);
  await run();
  const abort = new AbortController();
  await put(from.store, keyOf(0), patterned(100, 7));
  Object.assign(tail, {
    sendWhole: async (_: ChunkKey, options: SignalOptions) => {
      clock.timer(50, () => abort.abort(new Error("the chain has changed")));
      await clock.sleep(1_000_000, options);
    },
  });
  await expect(run(abort.signal)).rejects.toThrow("the chain has changed");
  expect(clock.monotonicMs()).toBeLessThan(1000);
  expect(resync.progress).toEqual([]);
});

test("the rate and the number of chains at once are kept", async () => {
  const { clock, from, tail, resync } = await newPair({
    ...{ bytesPerSecond: 100_000, burstBytes: 0, chainsMax: 1, chainsWaitingMax: 1 },
  });
  for (let at = 0; at < 10; at++) await put(from.store, keyOf(at), patterned(10_000, at));
  const signal = new AbortController().signal;
  const ends: number[] = [];
  const first = resync.run(tail, { signal }).then(() => ends.push(clock.monotonicMs()));
  const second = resync.run(tail, { signal }).then(() => ends.push(clock.monotonicMs()));
  await expect(resync.run(tail, { signal })).rejects.toThrow("wait already");
  await clock.advance(500);
  expect(resync.progress).toMatchObject([{ chain: CHAIN, chainVersion: VERSION, compared: 10 }]);
  await clock.advance(2000);
  await Promise.all([first, second]);
  expect(ends[0]).toBeGreaterThanOrEqual(900);
  expect(ends[0]).toBeLessThan(1100);
  expect(ends[1]! - ends[0]!).toBeLessThan(100);
});

test("nobody is brought up to date where nobody syncs", async () => {
  const { tail, run } = await newPair();
  Object.assign(tail, {
    role: { kind: "serving", isHead: true, isTail: true, successor: undefined, others: [] },
  });
  await expect(run()).rejects.toThrow("nobody is brought up to date");
});

test("a chunk that is made while it is removed there waits for that, and one that was made is not removed", async () => {
  const { clock, to, from, tail } = await newPair();
  for (const chunk of [0, 1, 2]) await put(to.store, keyOf(chunk), patterned(10, chunk));
  const sendNote = tail.sendNote;
  const removed: number[][] = [];
  Object.assign(tail, {
    sendNote: async (note: ChainNote) => {
      await clock.sleep(50);
      if (note.kind === "remove") removed.push([...note.chunks]);
      await sendNote(note);
    },
  });
  const make = (chunk: number) =>
    tail.withChunk(keyOf(chunk), () => put(from.store, keyOf(chunk), patterned(9, 9)));
  await make(1);
  const removing = removeThere(tail, [keyOf(0), keyOf(1), keyOf(2)], {});
  await clock.advance(1);
  let isMade = false;
  const making = make(2).then(() => {
    isMade = true;
  });
  await clock.advance(48);
  expect(isMade).toBe(false);
  await clock.advance(2);
  await making;
  expect(await removing).toBe(2);
  expect(removed).toEqual([[0, 2]]);
});

test("the planted bugs do what they say", async () => {
  const versions = await newPair({}, "compare-versions-only");
  await put(versions.from.store, keyOf(0), patterned(10, 1));
  await put(versions.to.store, keyOf(0), patterned(10, 2));
  await versions.run();
  expect(versions.tail.sent).toEqual([]);
  const notes = await newPair({}, "forget-notes");
  await notes.from.store.noteTruncated({ file: keyOf(0), truncateVersion: 9 });
  await notes.run();
  expect(notes.to.store.truncations()).toEqual([]);
});
