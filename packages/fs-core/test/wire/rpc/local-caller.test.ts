import { NO_PROBES, PondError, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { openBufferPool } from "@smallpond/fs-native";
import { describe, expect, test } from "vitest";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { struct, u32 } from "../../../src/wire/codec/index.ts";
import { type CallContext, LocalCaller, method, type Principal, RpcRouter } from "../../../src/wire/index.ts";

const NUMBER = struct({ value: u32 });
const DOUBLE = method({
  id: 1,
  name: "test.double",
  question: NUMBER,
  answer: NUMBER,
  access: "user",
  repeatable: true,
});
const HOLD = method({ ...DOUBLE, id: 2, name: "test.hold" });
const FAIL = method({ ...DOUBLE, id: 3, name: "test.fail" });
const BULK = method({ ...DOUBLE, id: 4, name: "test.bulk" });
const MEMBER: Principal = { kind: "member", node: undefined };

function open(principal: Principal = MEMBER) {
  const clock = new ManualClock();
  const pool = openBufferPool({ poison: true });
  const router = new RpcRouter(
    { clock, log: silentLogger(), metrics: new Metrics(), probes: NO_PROBES, onInvariant: () => {} },
    { callsMax: 2 },
  );
  const held: { readonly context: CallContext; readonly release: () => void }[] = [];
  router.handle(DOUBLE, async ({ value }) => ({ value: 2 * value }));
  router.handle(HOLD, (question, context) => {
    void context.signal;
    return new Promise((resolve) => held.push({ context, release: () => resolve(question) }));
  });
  router.handle(FAIL, async () => {
    throw new PondError("ENOENT", { kind: "invalid", message: "gone" });
  });
  router.handle(BULK, async (_question, context) => {
    const bytes = context.received?.view.slice().reverse() ?? new Uint8Array(0);
    context.sendBack({ pieces: [bytes.subarray(0, 1), bytes.subarray(1)], release: () => {} });
    return { value: bytes.length };
  });
  const caller = new LocalCaller({ router, clock, random: new SeededRandom(1), pool }, { principal });
  return { clock, pool, router, held, caller };
}

describe("a caller in the same process", () => {
  test("gets answers and errors as they are", async () => {
    const { caller } = open();
    expect(await caller.call(DOUBLE, { value: 4 })).toEqual({ value: 8 });
    await expect(caller.call(FAIL, { value: 4 })).rejects.toMatchObject({ code: "ENOENT", message: "gone" });
  });

  test("is held to access and to how many calls may run", async () => {
    const anyone = open({ kind: "anyone" });
    await expect(anyone.caller.call(DOUBLE, { value: 1 })).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    const { caller, held } = open();
    const calls = [caller.call(HOLD, { value: 1 }), caller.call(HOLD, { value: 2 })];
    await expect(caller.call(DOUBLE, { value: 3 })).rejects.toMatchObject({
      code: "OVERLOADED",
      kind: "retry",
    });
    for (const { release } of held) release();
    expect(await Promise.all(calls)).toEqual([{ value: 1 }, { value: 2 }]);
    expect(await caller.call(DOUBLE, { value: 3 })).toEqual({ value: 6 });
  });

  test("does not know what a handler did when the time is up, and the handler hears of it", async () => {
    const { caller, held, clock } = open();
    const call = expect(caller.call(HOLD, { value: 1 }, { timeoutMs: 100 })).rejects.toMatchObject({
      code: "NO_ANSWER",
      kind: "unknown-outcome",
    });
    await clock.advance(100);
    await call;
    expect(held[0]!.context.signal.aborted).toBe(true);
  });

  test("may give up", async () => {
    const { caller, held, clock } = open();
    const controller = new AbortController();
    const call = expect(caller.call(HOLD, { value: 1 }, { signal: controller.signal })).rejects.toThrow(
      "enough",
    );
    await clock.advance(0);
    controller.abort(new Error("enough"));
    await call;
    expect(held[0]!.context.signal.aborted).toBe(true);
    await expect(caller.call(DOUBLE, { value: 1 }, { signal: controller.signal })).rejects.toThrow("enough");
  });

  test("sends bulk bytes and gets some, each side in memory of its own", async () => {
    const { caller, pool } = open();
    using into = pool.tryTake(100)!;
    let bulk = -1;
    const options = {
      send: [Uint8Array.of(1, 2), Uint8Array.of(3)],
      into,
      onBulk: (count: number) => {
        bulk = count;
      },
    };
    expect(await caller.call(BULK, { value: 0 }, options)).toEqual({ value: 3 });
    expect(bulk).toBe(3);
    expect(into.view.subarray(0, 3)).toEqual(Uint8Array.of(3, 2, 1));
    await expect(caller.call(BULK, { value: 0 }, { send: options.send })).rejects.toMatchObject({
      code: "BULK_REFUSED",
    });
    expect(pool.leases).toBe(1);
  });
});
