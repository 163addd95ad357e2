import { InvariantError, NO_PROBES, PondError, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryNet } from "@smallpond/base/testing";
import { openBufferPool } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { TEST_AUTHENTICATOR, type TestRpcDeps, testServer } from "../../../src/testing/rpc.ts";
import { decode, encode, struct, text, u32 } from "../../../src/wire/codec/index.ts";
import { FLAG_NOT_RUN, type FrameSettings } from "../../../src/wire/frame.ts";
import {
  type Authenticator,
  type CallContext,
  method,
  type RpcServerSettings,
} from "../../../src/wire/index.ts";
import { pondErrorCodec } from "../../../src/wire/rpc/errors.ts";
import { helloCodec, proofCodec, questionHeadCodec } from "../../../src/wire/rpc/messages.ts";
import { RawPeer } from "../raw-peer.ts";
import { ADDRESS } from "./fake-service.ts";

const ECHO = method({
  id: 0xf001,
  name: "test.echo",
  question: struct({ text: text(1000) }),
  answer: struct({ text: text(5_000_000) }),
  access: "member",
  repeatable: true,
});
const HOLD = method({ ...ECHO, id: 0xf002, name: "test.hold" });
const BULK = method({ ...ECHO, id: 0xf003, name: "test.bulk", answer: struct({ sum: u32 }) });

async function open(
  settings: Partial<RpcServerSettings & FrameSettings> = {},
  more: Partial<TestRpcDeps> = {},
) {
  const net = new MemoryNet();
  const clock = new ManualClock();
  const pool = openBufferPool({ poison: true, bytesMax: 8 * 2 ** 20, regionBytes: 4 * 2 ** 20 });
  const invariants: Error[] = [];
  const { server, router, metrics } = testServer(
    {
      net,
      clock,
      random: new SeededRandom(1),
      probes: NO_PROBES,
      pool,
      onInvariant: (error) => void invariants.push(error),
      ...more,
    },
    settings,
  );
  const held: { readonly context: CallContext; readonly release: (text: string) => void }[] = [];
  server.handle(ECHO, async (question) => {
    if (question.text === "long") return { text: "x".repeat(4_500_000) };
    if (question.text === "invariant") throw new InvariantError("1 is 2");
    if (question.text === "wrong answer") return { text: "\ud800" };
    if (question.text === "refused") throw new PondError("EDQUOT", { kind: "unavailable", message: "no" });
    return question;
  });
  server.handle(HOLD, async (_question, context) => {
    const answer = await new Promise<string>((release, reject) => {
      held.push({ context, release });
      context.signal.addEventListener("abort", () => reject(context.signal.reason as Error));
      if (context.signal.aborted) reject(context.signal.reason as Error);
    });
    return { text: answer };
  });
  server.handle(BULK, async (_question, { received }) => ({
    sum: received?.view.reduce((sum, byte) => sum + byte, 0) ?? 0,
  }));
  await server.listen(ADDRESS);
  const member = async () => {
    const peer = await RawPeer.connect(net, ADDRESS);
    await peer.joins();
    return peer;
  };
  return {
    net,
    clock,
    server,
    router,
    metrics,
    pool,
    held,
    invariants,
    member,
    [Symbol.asyncDispose]: async () => {
      const closed = server.close();
      await clock.advance(10_000);
      await closed;
      expect(pool.leases).toBe(0);
      expect(router.running).toBe(0);
      expect(clock.pendingCount).toBe(0);
    },
  };
}

function question(methodId: number, asked: string, remainingMs = 10_000): Uint8Array {
  const head = encode(questionHeadCodec, { method: methodId, remainingMs, traceId: "ab".repeat(16) });
  return Uint8Array.of(...head, ...encode(ECHO.question, { text: asked }));
}

async function ask(peer: RawPeer, id: number, asked: string): Promise<string> {
  await peer.send("question", question(ECHO.id, asked), { id });
  const frame = (await peer.next())!;
  expect(frame).toMatchObject({ kind: "answer", id });
  return decode(ECHO.answer, frame.message).text;
}

describe("a server", () => {
  test("tells a handler who asks, from where, and the trace", async () => {
    await using world = await open();
    await using peer = await world.member();
    await peer.send("question", question(HOLD.id, "x"), { id: 1 });
    await world.clock.advance(0);
    expect(world.held[0]!.context).toMatchObject({
      principal: { kind: "member", node: undefined },
      traceId: "ab".repeat(16),
      remote: expect.stringContaining("client") as string,
    });
    world.held[0]!.release("done");
    expect(decode(HOLD.answer, (await peer.next())!.message)).toEqual({ text: "done" });
  });

  test("aborts a handler when the caller gives up, when its time is over, and when the connection ends", async () => {
    await using world = await open();
    await using peer = await world.member();
    const other = await world.member();
    await peer.send("question", question(HOLD.id, "x"), { id: 1 });
    await peer.send("question", question(HOLD.id, "x", 500), { id: 2 });
    await other.send("question", question(HOLD.id, "x"), { id: 1 });
    await peer.send("cancel", new Uint8Array(0), { id: 1 });
    expect(await peer.nextError()).toMatchObject({ on: "failure", code: "CANCELLED" });
    await world.clock.advance(500);
    expect(await peer.nextError()).toMatchObject({ on: "failure", code: "CANCELLED" });
    await other.close();
    await world.clock.advance(0);
    const reasons = world.held.map(({ context }) => (context.signal.reason as PondError | undefined)?.code);
    expect(reasons.toSorted()).toEqual(["CANCELLED", "CANCELLED", "DEADLINE_EXCEEDED"]);
  });

  test("gives no call more time than it may have", async () => {
    await using world = await open({ callMsMax: 100 });
    await using peer = await world.member();
    await peer.send("question", question(HOLD.id, "x", 1_000_000), { id: 1 });
    await world.clock.advance(100);
    expect(await peer.nextError()).toMatchObject({ code: "CANCELLED" });
  });

  test.each<readonly [string, Uint8Array, object]>([
    ["an unknown method", question(0xffff, ""), { code: "UNKNOWN_METHOD", kind: "invalid" }],
    [
      "a question that is too short",
      question(ECHO.id, "abc").subarray(0, -1),
      { code: "BAD_MESSAGE", kind: "corrupt" },
    ],
    [
      "a question with something behind it",
      Uint8Array.of(...question(ECHO.id, "abc"), 0),
      { code: "BAD_MESSAGE" },
    ],
    ["a question without a head", new Uint8Array(3), { code: "BAD_MESSAGE" }],
    ["no question at all", new Uint8Array(0), { code: "BAD_MESSAGE" }],
  ])("refuses %s, and serves the next", async (_, message, error) => {
    await using world = await open();
    await using peer = await world.member();
    await peer.send("question", message, { id: 1 });
    const frame = (await peer.next())!;
    expect(frame).toMatchObject({ kind: "failure", flags: FLAG_NOT_RUN, id: 1 });
    expect(decode(pondErrorCodec, frame.message)).toMatchObject(error);
    expect(await ask(peer, 2, "hello")).toBe("hello");
  });

  test("answers errors of handlers, and goes on unless it cannot trust itself any more", async () => {
    await using world = await open();
    await using peer = await world.member();
    await peer.send("question", question(ECHO.id, "refused"), { id: 1 });
    expect(await peer.nextError()).toEqual({ on: "failure", code: "EDQUOT", kind: "unavailable" });
    await peer.send("question", question(ECHO.id, "long"), { id: 2 });
    expect(await peer.nextError()).toMatchObject({ code: "MESSAGE_TOO_LARGE", kind: "invalid" });
    expect(world.invariants).toEqual([]);
    await peer.send("question", question(ECHO.id, "invariant"), { id: 3 });
    expect(await peer.nextError()).toEqual({ on: "failure", code: "INTERNAL", kind: "internal" });
    await peer.send("question", question(ECHO.id, "wrong answer"), { id: 4 });
    expect(await peer.nextError()).toMatchObject({ code: "INTERNAL" });
    expect(world.invariants.map(({ message }) => message)).toEqual(["1 is 2", "text must be well-formed"]);
  });

  test("runs no question twice, whatever the network repeats", async () => {
    await using world = await open();
    await using peer = await world.member();
    expect(await ask(peer, 5, "once")).toBe("once");
    await peer.send("question", question(ECHO.id, "twice"), { id: 5 });
    expect(await peer.nextError()).toMatchObject({ on: "refused", code: "BAD_FRAME" });
    expect(await peer.next()).toBeUndefined();
  });

  test("does not begin more calls than it may, of one connection or of all", async () => {
    await using world = await open({ callsMax: 3, callsPerConnectionMax: 2 });
    await using one = await world.member();
    await using two = await world.member();
    for (let id = 1; id <= 3; id++) await one.send("question", question(HOLD.id, ""), { id });
    expect(await one.nextError()).toMatchObject({ code: "OVERLOADED", kind: "retry" });
    for (let id = 1; id <= 2; id++) await two.send("question", question(HOLD.id, ""), { id });
    expect(await two.nextError()).toMatchObject({ code: "OVERLOADED", kind: "retry" });
    expect(world.held).toHaveLength(3);
    world.held[0]!.release("done");
    expect((await one.next())!.kind).toBe("answer");
    expect(await ask(two, 3, "now")).toBe("now");
  });

  test("takes no more clients than it may, and tells the others", async () => {
    await using world = await open({ connectionsMax: 1 });
    await using first = await world.member();
    await using second = await RawPeer.connect(world.net, ADDRESS);
    expect(await second.nextError()).toMatchObject({ on: "refused", code: "OVERLOADED", kind: "retry" });
    await second.close();
    await first.close();
    await world.clock.advance(1000);
    await using third = await world.member();
    expect(await ask(third, 1, "in")).toBe("in");
  });

  test("drops who does not finish a handshake, and who falls silent", async () => {
    await using world = await open({ handshakeMsMax: 1000, silenceMsMax: 3000 });
    await using slow = await RawPeer.connect(world.net, ADDRESS);
    await using gone = await world.member();
    await using alive = await world.member();
    await gone.send("question", question(HOLD.id, ""), { id: 1 });
    for (let round = 0; round < 10; round++) {
      await world.clock.advance(500);
      await alive.send("ping");
      expect((await alive.next())?.kind).toBe("pong");
    }
    expect(await slow.next()).toBeUndefined();
    expect(await gone.next()).toBeUndefined();
    expect(world.held[0]!.context.signal.aborted).toBe(true);
    expect(await ask(alive, 1, "here")).toBe("here");
  });

  test("works out no more answers for who does not take them, and then goes on", async () => {
    await using world = await open({ unsentBytesMax: 50_000 });
    await using greedy = await world.member();
    const count = 400;
    const sent = (async () => {
      for (let id = 1; id <= count; id++)
        await greedy.send("question", question(ECHO.id, "x".repeat(1000)), { id });
    })();
    await world.clock.advance(0);
    const begun = () =>
      Number(/calls_total\{method="test.echo",outcome="ok"\} (\d+)/.exec(world.metrics.text())?.[1] ?? 0);
    const before = begun();
    expect(before).toBeLessThan(count);
    for (let id = 1; id <= count; id++) expect(await greedy.next()).toMatchObject({ kind: "answer", id });
    await sent;
    expect(begun()).toBe(count);
  });

  test("takes bulk bytes into memory of its pool, and refuses what it has no memory for", async () => {
    await using world = await open({ bulkWaitMsMax: 100 });
    await using peer = await world.member();
    const bulk = new Uint8Array(1_000_000).fill(1);
    const send = async (id: number) => {
      await peer.send("question", question(BULK.id, ""), { id, bulkBytes: bulk.length });
      await peer.write(bulk);
    };
    await send(1);
    expect(decode(BULK.answer, (await peer.next())!.message)).toEqual({ sum: 1_000_000 });
    const all = [world.pool.tryTake(4 * 2 ** 20)!, world.pool.tryTake(4 * 2 ** 20)!];
    const second = send(2);
    await world.clock.advance(100);
    expect(await peer.nextError()).toMatchObject({ code: "OVERLOADED", kind: "retry" });
    await second;
    for (const lease of all) lease.release();
    await send(3);
    expect((await peer.next())!.kind).toBe("answer");
    await peer.send("question", question(BULK.id, ""), { id: 4, bulkBytes: 5 * 2 ** 20 });
    await peer.write(new Uint8Array(5 * 2 ** 20));
    expect(await peer.nextError()).toMatchObject({ code: "BULK_REFUSED", kind: "invalid" });
    expect(await ask(peer, 5, "on")).toBe("on");
  });

  test("gives the memory of bulk bytes back when they never come whole", async () => {
    await using world = await open();
    const peer = await world.member();
    await peer.send("question", question(BULK.id, ""), { id: 1, bulkBytes: 1_000_000 });
    await peer.write(new Uint8Array(10));
    await world.clock.advance(0);
    expect(world.pool.leases).toBe(1);
    await peer.close();
    await world.clock.advance(0);
    expect(world.pool.leases).toBe(0);
  });

  test("ends in good order: says goodbye, finishes what runs, begins nothing new, aborts what goes on too long", async () => {
    await using world = await open({ graceMs: 1000 });
    await using peer = await world.member();
    await peer.send("question", question(HOLD.id, ""), { id: 1 });
    await peer.send("question", question(HOLD.id, ""), { id: 2 });
    await world.clock.advance(0);
    const closed = world.server.close();
    expect((await peer.next())?.kind).toBe("goodbye");
    await peer.send("question", question(ECHO.id, "late"), { id: 3 });
    expect(await peer.nextError()).toMatchObject({ on: "failure", code: "CLOSING", kind: "retry" });
    world.held[0]!.release("in time");
    expect(decode(HOLD.answer, (await peer.next())!.message)).toEqual({ text: "in time" });
    await world.clock.advance(1000);
    expect(await peer.nextError()).toMatchObject({ on: "failure", code: "CANCELLED" });
    await world.clock.advance(1000);
    await closed;
    expect(await peer.next()).toBeUndefined();
    await expect(world.net.connect(ADDRESS)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(world.server.listen(ADDRESS)).rejects.toMatchObject({ code: "CLOSING" });
  });

  test("does not wait for ever for a handler that does not listen", async () => {
    await using world = await open({ graceMs: 100, abortedMsMax: 100 });
    const DEAF = method({ ...ECHO, id: 0xf009, name: "test.deaf" });
    let release: ((answer: { text: string }) => void) | undefined;
    world.server.handle(DEAF, () => new Promise((resolve) => (release = resolve)));
    await using peer = await world.member();
    await peer.send("question", question(DEAF.id, ""), { id: 1 });
    await world.clock.advance(0);
    const closed = world.server.close();
    await world.clock.advance(1000);
    await closed;
    release?.({ text: "" });
    await world.clock.advance(0);
  });

  test("does not wait for ever for an authenticator that does not answer", async () => {
    const authenticator = { ...TEST_AUTHENTICATOR, user: () => new Promise(() => {}) } as Authenticator;
    await using world = await open({ graceMs: 100, abortedMsMax: 100 }, { authenticator });
    await using peer = await RawPeer.connect(world.net, ADDRESS);
    const hello = { cluster: "test", nonce: new Uint8Array(32), claim: { kind: "user" } } as const;
    await peer.send("hello", encode(helloCodec, hello));
    await peer.next();
    await peer.send("proof", encode(proofCodec, { kind: "token", token: "slow" }));
    await world.clock.advance(0);
    const closed = world.server.close();
    await world.clock.advance(1000);
    await closed;
    await world.clock.advance(10_000);
  });

  test("counts calls by method and outcome", async () => {
    await using world = await open();
    await using peer = await world.member();
    await ask(peer, 1, "a");
    await peer.send("question", question(ECHO.id, "refused"), { id: 2 });
    await peer.next();
    const lines = world.metrics.text();
    expect(lines).toContain('pond_rpc_server_calls_total{method="test.echo",outcome="ok"} 1');
    expect(lines).toContain('pond_rpc_server_calls_total{method="test.echo",outcome="unavailable"} 1');
    expect(lines).toContain('pond_rpc_server_call_duration_seconds_count{method="test.echo"} 2');
    expect(lines).toContain("pond_rpc_server_connections 1");
    expect(lines).toContain("pond_rpc_server_calls_running 0");
  });

  test("offers each method once", async () => {
    await using world = await open();
    expect(() => world.server.handle(ECHO, async (each) => each)).toThrow(
      expect.objectContaining({ name: "InvariantError" }),
    );
  });
});
