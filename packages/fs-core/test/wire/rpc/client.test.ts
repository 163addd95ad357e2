import { NO_PROBES, PondError, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryNet } from "@smallpond/base/testing";
import { openBufferPool } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { testClients } from "../../../src/testing/rpc.ts";
import { encode, struct, u32 } from "../../../src/wire/codec/index.ts";
import { FLAG_NOT_RUN } from "../../../src/wire/frame.ts";
import { method, type RpcClientsSettings } from "../../../src/wire/index.ts";
import { pondErrorCodec, rpcError } from "../../../src/wire/rpc/errors.ts";
import type { RawPeer } from "../raw-peer.ts";
import { ADDRESS, FakeService } from "./fake-service.ts";

const NUMBER = struct({ value: u32 });
const ONCE = method({
  id: 1,
  name: "test.once",
  question: NUMBER,
  answer: NUMBER,
  access: "anyone",
  repeatable: false,
});
const AGAIN = method({ ...ONCE, id: 2, name: "test.again", repeatable: true });

const UNKNOWN = { code: "NO_ANSWER", kind: "unknown-outcome" };
const NOT_DONE = { code: "NO_ANSWER", kind: "retry" };

async function open(settings: RpcClientsSettings = {}) {
  const clock = new ManualClock();
  const service = await FakeService.listen();
  const clients = testClients(
    { net: service.net, clock, random: new SeededRandom(1), probes: NO_PROBES },
    { ...settings, credentials: { kind: "anyone" } },
  );
  return {
    clock,
    service,
    caller: clients.to(ADDRESS),
    [Symbol.asyncDispose]: async () => {
      await clients.close();
      await service.close();
      expect(clock.pendingCount).toBe(0);
    },
  };
}

const answer = (peer: RawPeer, id: number, value: number) =>
  peer.send("answer", encode(NUMBER, { value }), { id });

/** Settled, and how; so that a rejection has somebody who listens from the start. */
function outcomeOf<T>(promise: Promise<T>): Promise<{ readonly value?: T; readonly error?: unknown }> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

describe("a client", () => {
  test("gives each answer to whoever asked, in whatever order they come", async () => {
    await using world = await open();
    const calls = [10, 20, 30].map((value) => world.caller.call(ONCE, { value }));
    const peer = await world.service.welcome();
    const ids = [(await peer.next())!.id, (await peer.next())!.id, (await peer.next())!.id];
    for (const id of ids.toReversed()) await answer(peer, id, id);
    expect(await Promise.all(calls)).toEqual(ids.map((value) => ({ value })));
  });

  test("does not know what became of a question when the connection breaks", async () => {
    await using world = await open();
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }));
    const peer = await world.service.welcome();
    await peer.next();
    await peer.close();
    expect((await call).error).toMatchObject({
      ...UNKNOWN,
      details: { method: "test.once", address: "127.0.0.1:4000" },
    });
  });

  test("sends a repeatable question again over a new connection", async () => {
    await using world = await open();
    const call = world.caller.call(AGAIN, { value: 1 });
    const first = await world.service.welcome();
    await first.next();
    await first.close();
    await world.clock.advance(20);
    const second = await world.service.welcome();
    const question = await second.next();
    await answer(second, question!.id, 5);
    expect(await call).toEqual({ value: 5 });
  });

  test("gives up on a repeatable question after as many attempts as it may make", async () => {
    await using world = await open({ attemptsMax: 3 });
    const call = outcomeOf(world.caller.call(AGAIN, { value: 1 }));
    for (let attempt = 0; attempt < 3; attempt++) {
      const peer = await world.service.welcome();
      await peer.next();
      await peer.close();
      await world.clock.advance(100);
    }
    expect((await call).error).toMatchObject(UNKNOWN);
    const once = outcomeOf(world.caller.call(AGAIN, { value: 1 }, { attempts: 1 }));
    await (await world.service.accept()).close();
    expect((await once).error).toMatchObject(NOT_DONE);
  });

  test("asks again what the service did not begin, if the method is repeatable, and else says so", async () => {
    await using world = await open();
    const calls = [world.caller.call(AGAIN, { value: 1 }), world.caller.call(ONCE, { value: 1 })].map(
      outcomeOf,
    );
    const peer = await world.service.welcome();
    const busy = encode(pondErrorCodec, rpcError("OVERLOADED", "retry", "busy"));
    for (let count = 0; count < 2; count++) {
      const { id } = (await peer.next())!;
      await peer.send("failure", busy, { id, flags: FLAG_NOT_RUN });
    }
    expect((await calls[1]!).error).toMatchObject({ code: "OVERLOADED", kind: "retry" });
    await world.clock.advance(20);
    await answer(peer, (await peer.next())!.id, 3);
    expect((await calls[0]!).value).toEqual({ value: 3 });
  });

  test("takes a handler's own error for an answer, whatever its kind", async () => {
    await using world = await open();
    const call = outcomeOf(world.caller.call(AGAIN, { value: 1 }));
    const peer = await world.service.welcome();
    const error = new PondError("EAGAIN", { kind: "retry", message: "not now" });
    await peer.send("failure", encode(pondErrorCodec, error), { id: (await peer.next())!.id });
    expect((await call).error).toMatchObject({ code: "EAGAIN", kind: "retry" });
  });

  test("says that a question did nothing when nobody could be reached", async () => {
    await using world = await open();
    await world.service.close();
    await expect(world.caller.call(ONCE, { value: 1 })).rejects.toMatchObject(NOT_DONE);
    const late = outcomeOf(world.caller.call(AGAIN, { value: 1 }, { timeoutMs: 3000 }));
    await world.clock.advance(3000);
    expect((await late).error).toMatchObject(NOT_DONE);
  });

  test("waits longer from one failed connection to the next", async () => {
    await using world = await open({ backoffMsMin: 100, backoffMsMax: 400, attemptsMax: 20 });
    await world.service.close();
    const connects: number[] = [];
    const { net } = world.service;
    const connect = net.connect.bind(net);
    net.connect = (...about) => {
      connects.push(world.clock.monotonicMs());
      return connect(...about);
    };
    const call = outcomeOf(world.caller.call(AGAIN, { value: 1 }, { timeoutMs: 3000 }));
    await world.clock.advance(3000);
    expect((await call).error).toMatchObject(NOT_DONE);
    const gaps = connects.slice(1).map((atMs, index) => atMs - connects[index]!);
    expect(gaps[0]).toBeLessThan(250);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(200);
    expect(connects.length).toBeLessThan(15);
  });

  test("notices that a service fell silent, and goes to a new connection", async () => {
    await using world = await open({ pingMs: 100, silenceMsMax: 400 });
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }, { timeoutMs: 60_000 }));
    const peer = await world.service.welcome();
    expect((await peer.next())?.kind).toBe("question");
    await world.clock.advance(600);
    expect((await peer.next())?.kind).toBe("ping");
    expect((await call).error).toMatchObject({
      ...UNKNOWN,
      message: expect.stringContaining("silent") as string,
    });
    const again = world.caller.call(ONCE, { value: 2 });
    const second = await world.service.welcome();
    await answer(second, (await second.next())!.id, 4);
    expect(await again).toEqual({ value: 4 });
  });

  test("waits for a slow answer as long as the service answers its pings", async () => {
    await using world = await open({ pingMs: 100, silenceMsMax: 400 });
    const call = world.caller.call(ONCE, { value: 1 }, { timeoutMs: 60_000 });
    const peer = await world.service.welcome();
    const { id } = (await peer.next())!;
    for (let round = 0; round < 20; round++) {
      await world.clock.advance(250);
      expect((await peer.next())?.kind).toBe("ping");
      await peer.send("pong");
    }
    await answer(peer, id, 9);
    expect(await call).toEqual({ value: 9 });
  });

  test("does not take its own absence for the service's silence", async () => {
    await using world = await open({ pingMs: 100, silenceMsMax: 400 });
    const call = world.caller.call(ONCE, { value: 1 }, { timeoutMs: 60_000 });
    const peer = await world.service.welcome();
    const { id } = (await peer.next())!;
    const { clock } = world;
    const now = clock.monotonicMs.bind(clock);
    // The event loop stood still for ten seconds: all timers are late by as much.
    clock.monotonicMs = () => now() + 10_000;
    await clock.advance(200);
    await answer(peer, id, 9);
    expect(await call).toEqual({ value: 9 });
  });

  test("closes a connection that nobody used for a while", async () => {
    await using world = await open({ idleMsMax: 5000, pingMs: 1000 });
    const call = world.caller.call(ONCE, { value: 1 });
    const peer = await world.service.welcome();
    await answer(peer, (await peer.next())!.id, 1);
    await call;
    for (let round = 0; round < 5; round++) {
      await world.clock.advance(1000);
      await peer.send("pong").catch(() => {});
    }
    await world.clock.advance(2000);
    let last = await peer.next();
    while (last !== undefined) last = await peer.next();
  });

  test("has no more calls under way than the service allows; others wait, and too many are turned away", async () => {
    await using world = await open({ waitingMax: 1 });
    const first = world.caller.call(ONCE, { value: 0 });
    const peer = await world.service.welcome(2);
    await answer(peer, (await peer.next())!.id, 0);
    await first;
    const calls = [1, 2, 3].map((value) => world.caller.call(ONCE, { value }));
    await expect(world.caller.call(ONCE, { value: 4 })).rejects.toMatchObject({
      code: "OVERLOADED",
      kind: "retry",
    });
    const one = await peer.next();
    const two = await peer.next();
    await answer(peer, one!.id, 1);
    expect(await calls[0]).toEqual({ value: 1 });
    const three = await peer.next();
    await answer(peer, two!.id, 2);
    await answer(peer, three!.id, 3);
    expect(await Promise.all(calls)).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }]);
  });

  test("keeps the place of a call that was given up until the service has ended it", async () => {
    await using world = await open();
    const controller = new AbortController();
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }, { signal: controller.signal }));
    const peer = await world.service.welcome(1);
    const { id } = (await peer.next())!;
    controller.abort(new Error("enough"));
    expect((await call).error).toMatchObject({ message: "enough" });
    const next = world.caller.call(ONCE, { value: 2 });
    expect(await peer.next()).toMatchObject({ kind: "cancel", id });
    await answer(peer, id, 1);
    await answer(peer, (await peer.next())!.id, 2);
    expect(await next).toEqual({ value: 2 });
  });

  test("leaves a connection whose service never ends what was given up", async () => {
    await using world = await open({ givenUpMsMax: 2000, pingMs: 500 });
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }, { timeoutMs: 100 }));
    const peer = await world.service.welcome(1);
    await peer.next();
    for (let round = 0; round < 5; round++) {
      await world.clock.advance(500);
      await peer.send("pong").catch(() => {});
    }
    expect((await call).error).toMatchObject(UNKNOWN);
    const next = world.caller.call(ONCE, { value: 2 });
    const second = await world.service.welcome(1);
    await answer(second, (await second.next())!.id, 2);
    expect(await next).toEqual({ value: 2 });
  });

  test("finishes what is under way when the service says goodbye, and asks elsewhere", async () => {
    await using world = await open();
    const before = world.caller.call(ONCE, { value: 1 });
    const peer = await world.service.welcome();
    const { id } = (await peer.next())!;
    await peer.send("goodbye");
    const waited = world.clock.advance(0);
    await waited;
    const after = world.caller.call(ONCE, { value: 2 });
    const second = await world.service.welcome();
    await answer(second, (await second.next())!.id, 2);
    expect(await after).toEqual({ value: 2 });
    await answer(peer, id, 1);
    expect(await before).toEqual({ value: 1 });
    expect(await peer.next()).toBeUndefined();
  });

  test("does not accept answers that nobody asked for", async () => {
    await using world = await open();
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }));
    const peer = await world.service.welcome();
    const { id } = (await peer.next())!;
    await answer(peer, id + 1, 1);
    expect((await call).error).toMatchObject(UNKNOWN);
  });

  test("tells what it met when the address belongs to something else", async () => {
    await using world = await open();
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }));
    const peer = await world.service.accept();
    await peer.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
    expect((await call).error).toMatchObject({ code: "BAD_FRAME", details: { reason: "magic" } });
  });

  test("gives up on a service that takes connections and says nothing", async () => {
    await using world = await open({ connectMsMax: 500 });
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }, { timeoutMs: 60_000 }));
    await world.service.accept();
    await world.clock.advance(500);
    expect((await call).error).toMatchObject(NOT_DONE);
  });

  test("ends its calls when it is closed, and takes no more", async () => {
    await using world = await open();
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }));
    const peer = await world.service.welcome();
    await peer.next();
    await Promise.all([world.caller.close(), world.caller.close()]);
    expect((await call).error).toMatchObject(UNKNOWN);
    await expect(world.caller.call(ONCE, { value: 1 })).rejects.toMatchObject({
      code: "CLIENT_CLOSED",
      kind: "closed",
    });
  });

  test("refuses a question that is too long before it is sent", async () => {
    await using world = await open();
    const call = outcomeOf(
      world.caller.call(
        { ...ONCE, question: { write: (w) => w.raw(new Uint8Array(5_000_000)), read: () => ({ value: 0 }) } },
        { value: 1 },
      ),
    );
    await world.service.welcome();
    expect((await call).error).toMatchObject({ code: "MESSAGE_TOO_LARGE", kind: "invalid" });
  });

  test("keeps hold of memory that an answer is filling until that has stopped", async () => {
    await using world = await open();
    const pool = openBufferPool({ poison: true });
    const into = pool.tryTake(3 * 2 ** 20)!;
    const controller = new AbortController();
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }, { into, signal: controller.signal }));
    const peer = await world.service.welcome();
    const { id } = (await peer.next())!;
    const bulk = new Uint8Array(3 * 2 ** 20).fill(1);
    await peer.send("answer", encode(NUMBER, { value: 1 }), { id, bulkBytes: bulk.length });
    await peer.write(bulk.subarray(0, 1_500_000));
    await world.clock.advance(0);
    controller.abort(new Error("enough"));
    let isSettled = false;
    void call.then(() => {
      isSettled = true;
    });
    await world.clock.advance(0);
    expect(isSettled).toBe(false);
    await peer.write(bulk.subarray(1_500_000));
    expect((await call).error).toMatchObject({ message: "enough" });
    into.release();
    const next = world.caller.call(ONCE, { value: 2 });
    expect((await peer.next())?.kind).toBe("cancel");
    await answer(peer, (await peer.next())!.id, 2);
    expect(await next).toEqual({ value: 2 });
  });

  test("lets go of that memory when the connection ends", async () => {
    await using world = await open({ pingMs: 100, silenceMsMax: 400 });
    const pool = openBufferPool({ poison: true });
    using into = pool.tryTake(3 * 2 ** 20)!;
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }, { into, timeoutMs: 60_000 }));
    const peer = await world.service.welcome();
    const { id } = (await peer.next())!;
    await peer.send("answer", encode(NUMBER, { value: 1 }), { id, bulkBytes: 3 * 2 ** 20 });
    await peer.write(new Uint8Array(1000));
    await world.clock.advance(1000);
    expect((await call).error).toMatchObject(UNKNOWN);
  });

  test("refuses bulk bytes that it has no room for, and goes on", async () => {
    await using world = await open();
    const call = outcomeOf(world.caller.call(ONCE, { value: 1 }));
    const peer = await world.service.welcome();
    const { id } = (await peer.next())!;
    await peer.send("answer", encode(NUMBER, { value: 1 }), { id, bulkBytes: 100_000 });
    await peer.write(new Uint8Array(100_000));
    expect((await call).error).toMatchObject({ code: "BULK_REFUSED" });
    const next = world.caller.call(ONCE, { value: 2 });
    await answer(peer, (await peer.next())!.id, 2);
    expect(await next).toEqual({ value: 2 });
  });
});

test("a set of clients keeps one for each address, and closes those that are used least", async () => {
  const deps = {
    net: new MemoryNet(),
    clock: new ManualClock(),
    random: new SeededRandom(1),
    probes: NO_PROBES,
  };
  const clients = testClients(deps, { callersMax: 2 });
  const at = (port: number) => clients.to({ ...ADDRESS, port } as typeof ADDRESS);
  const first = at(1);
  const second = at(2);
  expect(at(1)).toBe(first);
  at(3);
  expect(at(1)).toBe(first);
  expect(at(2)).not.toBe(second);
  await expect(second.call(ONCE, { value: 1 })).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
  await clients.close();
  // Somebody who was in the middle of something asks once more.
  await expect(at(4).call(ONCE, { value: 1 })).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
});
