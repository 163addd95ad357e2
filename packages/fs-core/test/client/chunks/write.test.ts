import { NO_PROBES, PondError, SeededRandom, unwrap } from "@smallpond/base";
import { describe, expect, test } from "vitest";
import { chainsOf } from "../../../src/mgmtd/model/chains-of.ts";
import type { RefusalCode } from "../../../src/storage/protocol/refusal.ts";
import type { WriteQuestion } from "../../../src/storage/protocol/write.ts";
import type { FakeCall } from "../../../src/testing/fake-storage.ts";
import { ChunkWorld, capability, codeOf, pattern, sessionId, writing } from "./world.ts";

function lost(kind: "retry" | "unknown-outcome" = "unknown-outcome"): PondError {
  return new PondError("NO_ANSWER", { kind, message: "no answer" });
}

function identities(calls: readonly FakeCall[]): readonly string[] {
  return calls.flatMap(({ question }) =>
    (question as WriteQuestion).items.map(
      ({ channel, sequence, request }) => `${channel} ${sequence} ${request}`,
    ),
  );
}

const KEY = { inode: 7n, dataVersion: 1, chunk: 0 };

test("items go to the heads of their chains, in one message to each node, from the memory where they are", async () => {
  const world = new ChunkWorld();
  const data = world.file(7, { stripe: 4 });
  const session = world.io.openSession(sessionId());
  const items = Array.from({ length: 12 }, (_, chunk) =>
    writing(data, session, { chunk, offset: 5, bytes: [pattern(50, chunk), pattern(50, chunk + 1)] }),
  );
  const results = await world.until(world.io.write(items), 0);
  expect(results.map(unwrap)).toEqual(items.map(() => ({ chunkLength: 105 })));
  for (let chunk = 0; chunk < 12; chunk++) {
    const expected = new Uint8Array([0, 0, 0, 0, 0, ...pattern(50, chunk), ...pattern(50, chunk + 1)]);
    expect(world.storage.bytesOf({ ...KEY, chunk })).toEqual(expected);
  }
  expect(world.storage.calls.length).toBe(3);
  expect(session.unsettled).toBe(0);
});

test("a write whose answer was lost is sent again as the same request, and happens once", async () => {
  const world = new ChunkWorld();
  const session = world.io.openSession(sessionId());
  let losses = 2;
  world.storage.after = async () => {
    if (losses-- > 0) throw lost();
  };
  const write = world.io.write([writing(world.file(), session, { bytes: [pattern(100)] })]);
  expect((await world.until(write)).map(codeOf)).toEqual(["ok"]);
  expect(world.storage.calls.length).toBe(3);
  expect(new Set(identities(world.storage.calls)).size).toBe(1);
  expect(world.storage.updates).toBe(1);
  expect(session.unsettled).toBe(0);
});

test("requests of one channel rise, and no channel has two under way", async () => {
  const world = new ChunkWorld({ channelsMax: 3 });
  const data = world.file(7, { stripe: 4 });
  const session = world.io.openSession(sessionId());
  const underWay = new Set<number>();
  const last = new Map<number, number>();
  let most = 0;
  world.storage.before = async ({ question }) => {
    for (const { channel, sequence } of (question as WriteQuestion).items) {
      expect(underWay.has(channel)).toBe(false);
      expect(sequence).toBeGreaterThan(last.get(channel) ?? 0);
      underWay.add(channel);
      last.set(channel, sequence);
    }
    most = Math.max(most, underWay.size);
    await world.clock.sleep(10);
    for (const { channel } of (question as WriteQuestion).items) underWay.delete(channel);
  };
  const items = Array.from({ length: 20 }, (_, chunk) =>
    writing(data, session, { chunk, bytes: [pattern(10)] }),
  );
  expect((await world.until(world.io.write(items))).every(({ ok }) => ok)).toBe(true);
  expect(most).toBe(3);
  expect(last.size).toBe(3);
});

test("a chain that changes in the middle is followed, with the same request", async () => {
  const world = new ChunkWorld({ storage: { chains: 1 } });
  const session = world.io.openSession(sessionId());
  const [id] = world.storage.routing.chains.keys();
  world.storage.after = async () => {
    world.storage.after = async () => {};
    // It was carried out, the head died, and its successor is the head now.
    world.storage.serve(id!, [12, 13] as never);
    throw lost();
  };
  const write = world.io.write([writing(world.file(), session, { bytes: [pattern(100)] })]);
  expect((await world.until(write)).map(codeOf)).toEqual(["ok"]);
  expect(world.storage.calls.map(({ node }) => node)).toEqual([1, 2]);
  expect(new Set(identities(world.storage.calls)).size).toBe(1);
  expect(world.storage.updates).toBe(1);
});

test("refusals that pass are waited out", async () => {
  const passing: readonly RefusalCode[] = [
    "CHAIN_CHANGED",
    "NOT_READY",
    "STORE_BUSY",
    "PAYLOAD_CORRUPT",
    "UNKNOWN_OUTCOME",
    "CHUNK_DIRTY",
    "CHUNK_CORRUPT",
  ];
  for (const code of passing) {
    const world = new ChunkWorld();
    const session = world.io.openSession(sessionId());
    let times = 3;
    world.storage.refuse = () => (times-- > 0 ? code : undefined);
    const write = world.io.write([writing(world.file(), session, { bytes: [pattern(100)] })]);
    expect((await world.until(write)).map(codeOf)).toEqual(["ok"]);
    expect(new Set(identities(world.storage.calls)).size).toBe(1);
    expect(session.unsettled).toBe(0);
  }
});

test("refusals that do not pass become an errno at once, and leave nothing unsettled", async () => {
  const codes: readonly (readonly [RefusalCode, string])[] = [
    ["CAPABILITY_FORGED", "EACCES"],
    ["CAPABILITY_WRONG", "EBADF"],
    ["SESSION_REVOKED", "ESTALE"],
    ["STORE_FULL", "ENOSPC"],
    ["BAD_REQUEST", "EINVAL"],
    ["STALE_REQUEST", "STALE_REQUEST"],
  ];
  for (const [refusal, code] of codes) {
    const world = new ChunkWorld();
    const session = world.io.openSession(sessionId());
    world.storage.refuse = () => refusal;
    const write = world.io.write([writing(world.file(), session, { bytes: [pattern(10)] })]);
    expect((await world.until(write, 0)).map(codeOf)).toEqual([code]);
    expect(session.unsettled).toBe(0);
  }
});

test("bytes that arrive garbled again and again are EIO, long before the time is up", async () => {
  const world = new ChunkWorld();
  world.storage.refuse = () => "PAYLOAD_CORRUPT";
  const session = world.io.openSession(sessionId());
  const write = world.io.write([writing(world.file(), session, { bytes: [pattern(10)] })]);
  expect((await world.until(write, 1000)).map(codeOf)).toEqual(["EIO"]);
});

test("a question that certainly did not arrive leaves nothing unsettled", async () => {
  const world = new ChunkWorld();
  const session = world.io.openSession(sessionId());
  world.storage.before = async () => {
    throw lost("retry");
  };
  const write = world.io.write([writing(world.file(), session, { bytes: [pattern(10)] })], {
    timeoutMs: 500,
  });
  expect((await world.until(write, 505)).map(codeOf)).toEqual(["ETIMEDOUT"]);
  expect(session.unsettled).toBe(0);
});

test("a write ends in time although the service never answers, no channel is free, or the window is full", async () => {
  for (const tight of [{ channelsMax: 1 }, { writeBytesMax: 10 }, { questionsPerNodeMax: 1 }]) {
    const world = new ChunkWorld(tight);
    const session = world.io.openSession(sessionId());
    const data = world.file();
    world.storage.before = () => new Promise(() => {});
    const write = (chunk: number, timeoutMs: number) =>
      world.io.write([writing(data, session, { chunk, bytes: [pattern(10)] })], { timeoutMs });
    const first = write(0, 400);
    await world.clock.advance(1);
    const others = [1, 2, 3].map((chunk) => write(chunk, 300));
    expect((await world.until(Promise.all(others), 305)).flat().map(codeOf)).toEqual(
      Array(3).fill("ETIMEDOUT"),
    );
    expect((await world.until(first, 105)).map(codeOf)).toEqual(["ETIMEDOUT"]);
    // Only that one was sent.
    expect(session.unsettled).toBe(1);
    expect(world.clock.pendingCount).toBe(0);
  }
});

test("writes of many go in one message, and who gives up leaves the others written once", async () => {
  const world = new ChunkWorld();
  const sessions = [1, 2, 3].map((number) => world.io.openSession(sessionId(number)));
  const data = world.file();
  let isSlow = true;
  world.storage.after = () => (isSlow ? world.clock.sleep(100) : Promise.resolve());
  const writes = sessions.map((session, at) =>
    world.io.write(
      [writing(data, session, { chunk: at, bytes: [pattern(10, at)], capability: capability(at + 1) })],
      { timeoutMs: at === 0 ? 20 : 1000 },
    ),
  );
  await world.clock.advance(1);
  expect(world.storage.calls.length).toBe(1);
  expect((await world.until(writes[0]!, 20)).map(codeOf)).toEqual(["ETIMEDOUT"]);
  isSlow = false;
  expect((await world.until(Promise.all(writes.slice(1)))).flat().map(codeOf)).toEqual(["ok", "ok"]);
  expect(world.storage.updates).toBe(3);
  expect(sessions.map(({ unsettled }) => unsettled)).toEqual([1, 0, 0]);
});

describe("a write that was given up", () => {
  /** Sent, and neither carried out nor answered when its time was up. */
  async function givenUp(world: ChunkWorld, options: { readonly abort?: boolean } = {}) {
    const session = world.io.openSession(sessionId());
    const data = world.file();
    const stop = new AbortController();
    world.storage.before = () => new Promise(() => {});
    const write = world.io.write([writing(data, session, { bytes: [pattern(10, 1)] })], {
      timeoutMs: 500,
      signal: stop.signal,
    });
    if (options.abort === true) {
      await world.clock.advance(10);
      stop.abort(new Error("enough"));
      await expect(world.until(write, 0)).rejects.toThrow("enough");
    } else expect((await world.until(write)).map(codeOf)).toEqual(["ETIMEDOUT"]);
    const late = world.storage.calls.at(-1)!;
    world.storage.before = async () => {};
    return { session, data, late };
  }

  test("is unsettled, and after an abort too", async () => {
    for (const abort of [false, true]) {
      const { session } = await givenUp(new ChunkWorld(), { abort });
      expect(session.unsettled).toBe(1);
    }
  });

  test("does not happen after a later write of the same chunk was answered", async () => {
    const world = new ChunkWorld();
    const { session, data, late } = await givenUp(world);
    const write = world.io.write([writing(data, session, { bytes: [pattern(10, 2)] })]);
    expect((await world.until(write)).map(codeOf)).toEqual(["ok"]);
    expect(session.unsettled).toBe(0);
    expect(world.storage.arriveAgain(late).items[0]).toMatchObject({ code: "STALE_REQUEST" });
    expect(world.storage.bytesOf(KEY)).toEqual(pattern(10, 2));
  });

  test("may happen before the later one, which then is what counts", async () => {
    const world = new ChunkWorld();
    const { session, data, late } = await givenUp(world);
    expect(world.storage.arriveAgain(late).items[0]).toMatchObject({ kind: "done" });
    await world.until(world.io.write([writing(data, session, { bytes: [pattern(5, 2)] })]));
    expect(world.storage.bytesOf(KEY)).toEqual(
      new Uint8Array([...pattern(5, 2), ...pattern(10, 1).slice(5)]),
    );
  });

  test("overwrites what came after it if nobody takes care: the planted fault shows that these tests see it", async () => {
    const world = new ChunkWorld({ bug: "no-fence" });
    const { session, data, late } = await givenUp(world);
    // Another channel of the session tells the chain nothing about the first one.
    world.storage.before = () => world.clock.sleep(10);
    const elsewhere = world.io.write([
      writing(world.file(8, { seed: 1 }), session, { bytes: [pattern(10, 3)] }),
    ]);
    const after = world.io.write([writing(data, session, { bytes: [pattern(10, 2)] })]);
    await world.until(Promise.all([elsewhere, after]));
    expect(world.storage.bytesOf(KEY)).toEqual(pattern(10, 2));
    expect(world.storage.arriveAgain(late).items[0]).toMatchObject({ kind: "done" });
    expect(world.storage.bytesOf(KEY)).toEqual(pattern(10, 1));
  });

  test("does not happen after the session was settled, and a settled session is settled at once", async () => {
    const world = new ChunkWorld();
    const { session, late } = await givenUp(world);
    await world.until(world.io.settle(session), 0);
    expect(session.unsettled).toBe(0);
    expect(world.storage.arriveAgain(late).items[0]).toMatchObject({ code: "STALE_REQUEST" });
    const calls = world.storage.calls.length;
    await world.until(world.io.settle(session), 0);
    expect(world.storage.calls.length).toBe(calls);
  });

  test("leaves the session unsettled while its chain does not answer, and other chains are written meanwhile", async () => {
    const world = new ChunkWorld({ channelsMax: 1 });
    const { session, data } = await givenUp(world);
    const chain = world.storage.calls[0]!;
    const stuck = (chain.question as WriteQuestion).items[0]!.chain;
    world.storage.refuse = ({ item }) => (item.chain === stuck ? "NOT_READY" : undefined);
    await expect(world.until(world.io.settle(session, { timeoutMs: 300 }), 305)).rejects.toMatchObject({
      code: "ETIMEDOUT",
    });
    expect(session.unsettled).toBe(1);
    const same = world.io.write([writing(data, session, { bytes: [pattern(3)] })], { timeoutMs: 300 });
    expect((await world.until(same, 305)).map(codeOf)).toEqual(["ETIMEDOUT"]);
    const seed = [1, 2, 3, 4, 5].find((each) => chainOf(world, each) !== stuck)!;
    const other = world.io.write([writing(world.file(8, { seed }), session, { bytes: [pattern(3)] })]);
    expect((await world.until(other)).map(codeOf)).toEqual(["ok"]);
    world.storage.refuse = () => undefined;
    await world.until(world.io.settle(session));
    expect(session.unsettled).toBe(0);
  });

  test("of a session that was taken away is settled: nothing of it happens any more", async () => {
    const world = new ChunkWorld();
    const { session } = await givenUp(world);
    world.storage.revoked.add(session.id);
    await world.until(world.io.settle(session));
    expect(session.unsettled).toBe(0);
  });

  test("is settled once, although several writes wait for it", async () => {
    const world = new ChunkWorld();
    const { session, data } = await givenUp(world);
    const before = world.storage.calls.length;
    world.storage.before = () => world.clock.sleep(20);
    const writes = [1, 2, 3].map((chunk) =>
      world.io.write([writing(data, session, { chunk, bytes: [pattern(4)] })]),
    );
    await world.until(Promise.all(writes));
    const fences = world.storage.calls
      .slice(before)
      .flatMap(({ question }) => (question as WriteQuestion).items)
      .filter(({ length }) => length === 0);
    expect(fences.length).toBe(1);
  });

  test("and too many others stop the session from writing until they are settled", async () => {
    const world = new ChunkWorld({ unsettledMax: 2, storage: { chains: 1 } });
    const session = world.io.openSession(sessionId());
    world.storage.before = () => new Promise(() => {});
    const data = world.file();
    const items = [0, 1, 2].map((chunk) => writing(data, session, { chunk, bytes: [pattern(4)] }));
    await world.until(world.io.write(items, { timeoutMs: 100 }));
    expect(session.unsettled).toBe(3);
    const more = world.io.write([writing(data, session, { chunk: 9, bytes: [pattern(4)] })], {
      timeoutMs: 100,
    });
    expect((await world.until(more)).map(codeOf)).toEqual(["ETIMEDOUT"]);
    expect(session.unsettled).toBe(3);
    world.storage.before = async () => {};
    const again = world.io.write([writing(data, session, { chunk: 9, bytes: [pattern(4)] })]);
    expect((await world.until(again)).map(codeOf)).toEqual(["ok"]);
    expect(session.unsettled).toBe(0);
  });
});

test("whatever is lost, late or comes twice, each write happens once and in the order in which they were answered", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const probes = { ...NO_PROBES, buggify: () => random.next() < 0.1 };
    const world = new ChunkWorld({ seed, probes, channelsMax: 2, storage: { chains: 2 } });
    const session = world.io.openSession(sessionId());
    const data = world.file(7, { stripe: 2 });
    const late: FakeCall[] = [];
    const stumble = async (call: FakeCall): Promise<void> => {
      if (random.next() < 0.2) late.push(call);
      if (random.next() < 0.2) throw lost();
      if (random.next() < 0.05) await new Promise(() => {});
      if (late.length > 0 && random.next() < 0.3)
        world.storage.arriveAgain(late.splice(random.int(late.length), 1)[0]!);
    };
    world.storage.before = stumble;
    world.storage.after = stumble;
    for (let step = 1; step <= 20; step++) {
      const chunk = random.int(3);
      const write = world.io.write(
        [writing(data, session, { chunk, bytes: [new Uint8Array(4).fill(step)] })],
        {
          timeoutMs: 200,
        },
      );
      const [result] = await world.until(write);
      if (!result!.ok) continue;
      // Nothing that is older can come over it.
      for (const call of late) world.storage.arriveAgain(call);
      expect(world.storage.bytesOf({ ...KEY, chunk })).toEqual(new Uint8Array(4).fill(step));
    }
    world.storage.before = async () => {};
    world.storage.after = async () => {};
    await world.until(world.io.settle(session));
    const settled = [0, 1, 2].map((chunk) => world.storage.bytesOf({ ...KEY, chunk }));
    for (const call of world.storage.calls) world.storage.arriveAgain(call);
    expect([0, 1, 2].map((chunk) => world.storage.bytesOf({ ...KEY, chunk }))).toEqual(settled);
  }
});

function chainOf(world: ChunkWorld, seed: number): number {
  return chainsOf({ stripe: 1, seed }, world.storage.routing.tables.get("1.1")!)[0]!;
}
