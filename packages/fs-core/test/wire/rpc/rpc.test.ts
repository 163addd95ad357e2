import { InvariantError, NO_PROBES, PondError, SeededRandom } from "@smallpond/base";
import { NodeClock, NodeNet } from "@smallpond/base/platform/node";
import { MemoryNet } from "@smallpond/base/testing";
import { testClients, testServer } from "@smallpond/fs-core/testing";
import { openBufferPool } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { struct, text, u32 } from "../../../src/wire/codec/index.ts";
import { type CallContext, type Caller, method } from "../../../src/wire/index.ts";

const ECHO = method({
  id: 0xf001,
  name: "test.echo",
  question: struct({ text: text(5_000_000) }),
  answer: struct({ text: text(5_000_000) }),
  access: "member",
  repeatable: true,
});
const FAIL = method({
  id: 0xf002,
  name: "test.fail",
  question: struct({ how: text(20) }),
  answer: struct({}),
  access: "member",
  repeatable: false,
});
const WAIT = method({
  id: 0xf003,
  name: "test.wait",
  question: struct({ ms: u32 }),
  answer: struct({}),
  access: "member",
  repeatable: false,
});
const BULK = method({
  id: 0xf004,
  name: "test.bulk",
  question: struct({}),
  answer: struct({ bytes: u32 }),
  access: "member",
  repeatable: true,
});

describe.each([
  ["memory", () => new MemoryNet()],
  ["TCP", () => new NodeNet()],
])("RPC over %s", (_, newNet) => {
  async function open() {
    const net = newNet();
    const clock = new NodeClock();
    const invariants: unknown[] = [];
    const pool = openBufferPool({ poison: true });
    const deps = { net, clock, random: new SeededRandom(1), probes: NO_PROBES, pool };
    const { server } = testServer({ ...deps, onInvariant: (error) => void invariants.push(error) });
    const waits: CallContext[] = [];
    server.handle(ECHO, async (question) => question);
    server.handle(FAIL, async ({ how }) => {
      if (how === "type") throw new TypeError("x is not a function");
      if (how === "invariant") throw new InvariantError("1 is 2");
      throw new PondError("EDQUOT", {
        kind: "unavailable",
        message: "no",
        hint: "pay",
        details: { n: 1, big: 2n ** 60n },
      });
    });
    server.handle(WAIT, async ({ ms }, context) => {
      waits.push(context);
      await clock.sleep(ms, { signal: context.signal });
      return {};
    });
    server.handle(BULK, async (_question, context) => {
      const received = context.received!;
      const copy = received.view.slice().reverse();
      context.sendBack({ pieces: [copy], release: () => {} });
      return { bytes: copy.length };
    });
    const address = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
    const clients = testClients(deps);
    return {
      caller: clients.to(address) as Caller,
      server,
      waits,
      invariants,
      pool,
      [Symbol.asyncDispose]: async () => {
        await clients.close();
        await server.close();
        expect(pool.leases).toBe(0);
      },
    };
  }

  test("answers come back, many at once, short and long", async () => {
    await using world = await open();
    const texts = Array.from({ length: 200 }, (__, n) => `${n}`.repeat(1 + n * 50));
    texts.push("x".repeat(3_000_000));
    const answers = await Promise.all(texts.map((each) => world.caller.call(ECHO, { text: each })));
    expect(answers.map((each) => each.text)).toEqual(texts);
  });

  test("an error arrives with its code, kind, hint and details", async () => {
    await using world = await open();
    await expect(world.caller.call(FAIL, { how: "" })).rejects.toMatchObject({
      code: "EDQUOT",
      kind: "unavailable",
      hint: "pay",
      message: "no",
      details: { n: 1, big: 2n ** 60n },
    });
    await expect(world.caller.call(FAIL, { how: "type" })).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(world.caller.call(FAIL, { how: "invariant" })).rejects.toMatchObject({ code: "INTERNAL" });
    expect(world.invariants).toHaveLength(1);
  });

  test("a deadline and an abort reach the handler", async () => {
    await using world = await open();
    // Connected, so that the question leaves in time.
    await world.caller.call(ECHO, { text: "" });
    await expect(world.caller.call(WAIT, { ms: 60_000 }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: "NO_ANSWER",
      kind: "unknown-outcome",
    });
    const controller = new AbortController();
    const call = world.caller.call(WAIT, { ms: 60_000 }, { signal: controller.signal });
    while (world.waits.length < 2) await new NodeClock().sleep(1);
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    while (!world.waits.every(({ signal }) => signal.aborted)) await new NodeClock().sleep(1);
  });

  test("bulk bytes go there and back", async () => {
    await using world = await open();
    const sent = new SeededRandom(5).bytes(3_000_001);
    using into = world.pool.tryTake(4_000_000)!;
    let bulk = -1;
    const { bytes: count } = await world.caller.call(
      BULK,
      {},
      {
        send: [sent.subarray(0, 10), sent.subarray(10)],
        into,
        onBulk: (count) => {
          bulk = count;
        },
      },
    );
    expect(count).toBe(sent.length);
    expect(bulk).toBe(sent.length);
    expect(Buffer.compare(into.view.subarray(0, count), sent.slice().reverse())).toBe(0);
  });

  test("nobody there is NO_ANSWER of kind retry", async () => {
    await using world = await open();
    await world.server.close();
    await expect(world.caller.call(WAIT, { ms: 1 })).rejects.toMatchObject({
      code: "NO_ANSWER",
      kind: "retry",
    });
  });
});
