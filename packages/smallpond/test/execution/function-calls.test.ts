/** Calls by policy in virtual time: rates, pauses, limits, and the order of results. */
import { type Clock, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { type CallDeps, callByPolicy, KeptFailure } from "../../src/execution/call-attempts.ts";
import type { OpenFunction } from "../../src/execution/function-pool.ts";
import { orderedCalls } from "../../src/execution/ordered-calls.ts";
import { RateLimiter } from "../../src/execution/rate-limiter.ts";
import type { CallPolicy } from "../../src/functions/spec.ts";

const PLAIN: CallPolicy = {
  concurrency: 8,
  ratePerSecond: null,
  retries: 0,
  timeoutMs: null,
  onError: { kind: "fail" },
};

function deps(clock: ManualClock): CallDeps {
  return { clock, random: new SeededRandom("calls"), permits: new RateLimiter(clock) };
}

function open(call: OpenFunction["call"]): OpenFunction {
  return { name: "fn", call, location: () => undefined };
}

test("calls of one key start at equal distances, those of another do not wait for them", async () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter(clock);
  const { signal } = new AbortController();
  const starts: [string, number][] = [];
  const take = async (key: string): Promise<void> => {
    await limiter.take(key, 10, signal);
    starts.push([key, clock.monotonicMs()]);
  };
  const all = Promise.all([take("a"), take("a"), take("b"), take("a"), take("b")]);
  await clock.advance(1_000);
  await all;
  expect(starts.sort()).toEqual([
    ["a", 0],
    ["a", 100],
    ["a", 200],
    ["b", 0],
    ["b", 100],
  ]);
  // Idle time is not saved up.
  await clock.advance(10_000);
  const later = Promise.all([take("a"), take("a")]);
  await clock.advance(1_000);
  await later;
  expect(starts.slice(-2).map(([, ms]) => ms - 11_000)).toEqual([0, 100]);
});

test("an abort ends the wait for a permit", async () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter(clock);
  const controller = new AbortController();
  await limiter.take("a", 0.001, controller.signal);
  const waiting = limiter.take("a", 0.001, controller.signal);
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  expect(clock.pendingCount).toBe(0);
});

test("pauses between attempts double, and are at least half of what they could be", async () => {
  const clock = new ManualClock();
  const starts: number[] = [];
  const fn = open(() => {
    starts.push(clock.monotonicMs());
    return Promise.reject(new Error("busy"));
  });
  const { signal } = new AbortController();
  const policy = { ...PLAIN, retries: 9 };
  const call = callByPolicy(deps(clock), fn, 1 as never, { key: "k", policy, signal }).catch(
    (error: Error) => error,
  );
  await clock.advance(200_000);
  expect(((await call) as Error).message).toBe("busy");
  expect(starts.length).toBe(10);
  const pauses = starts.slice(1).map((at, i) => at - starts[i]!);
  pauses.forEach((pause, i) => {
    const full = Math.min(30_000, 200 * 2 ** i);
    expect(pause).toBeGreaterThanOrEqual(full / 2);
    expect(pause).toBeLessThanOrEqual(full);
  });
});

test("each attempt has its own time, and the last failure is kept where failures are kept", async () => {
  const clock = new ManualClock();
  const signals: AbortSignal[] = [];
  const fn = open((_input, { signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  const policy: CallPolicy = { ...PLAIN, retries: 1, timeoutMs: 50, onError: { kind: "keep", column: "e" } };
  const { signal } = new AbortController();
  const call = callByPolicy(deps(clock), fn, 7 as never, { key: "k", policy, signal });
  await clock.advance(1_000);
  const kept = (await call) as KeptFailure;
  expect(kept).toBeInstanceOf(KeptFailure);
  expect(kept.input).toBe(7);
  expect((kept.error as Error).message).toContain("took longer than 50 ms");
  expect(signals.map((one) => one.aborted)).toEqual([true, true]);
  expect(clock.pendingCount).toBe(0);
});

test("an abort ends a call that nobody answers, without another attempt", async () => {
  const clock = new ManualClock();
  let calls = 0;
  const fn = open(() => {
    calls++;
    return new Promise(() => {});
  });
  const controller = new AbortController();
  const settings = { key: "k", policy: { ...PLAIN, retries: 5 }, signal: controller.signal };
  const call = callByPolicy(deps(clock), fn, 1 as never, settings);
  controller.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  expect(calls).toBe(1);
});

test("results come in the order of the inputs, and no more wait than may", async () => {
  const clock = new ManualClock();
  const waits = [900, 10, 10, 10, 10, 10, 10, 10, 10, 10];
  let started = 0;
  const call = async (ms: number, index: number): Promise<number> => {
    started++;
    await clock.sleep(ms);
    return index;
  };
  const { signal } = new AbortController();
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const results of orderedCalls(batchesOf(waits), call, {
      clock,
      concurrency: 2,
      waitingMax: 4,
      signal,
    })) {
      seen.push(...results);
    }
  })();
  await clock.advance(500);
  // The first call is slow: three more may wait behind it.
  expect(started).toBe(4);
  expect(seen).toEqual([]);
  await clock.advance(5_000);
  await reading;
  expect(seen).toEqual(waits.map((_, i) => i));
});

test("the first failure is told at once, and calls under way are not waited for", async () => {
  const clock = new ManualClock();
  const call = async (ms: number): Promise<number> => {
    await clock.sleep(ms);
    if (ms === 20) throw new Error("twenty");
    return ms;
  };
  const { signal } = new AbortController();
  const reading = (async () => {
    for await (const _ of orderedCalls(batchesOf([1e9, 20]), call, {
      clock,
      concurrency: 8,
      waitingMax: 8,
      signal,
    })) {
      // Nothing comes.
    }
  })().catch((error: Error) => error.message);
  await clock.advance(100);
  expect(await reading).toBe("twenty");
});

async function* batchesOf(values: readonly number[]): AsyncGenerator<readonly number[], void> {
  yield values;
}

test("calls that never wait let others through after a while, and hear an abort then", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  let busyMs = 0;
  // Time passes while a call keeps the loop busy, which a manual clock cannot see by itself.
  const busy: Clock = Object.assign(Object.create(clock) as Clock, { monotonicMs: () => busyMs });
  const window = { clock: busy, concurrency: 1, waitingMax: 8, signal: controller.signal };
  const call = (): number => (busyMs += 20);
  const reading = (async () => {
    for await (const _ of orderedCalls(batchesOf(Array.from({ length: 1_000 }, () => 0)), call, window)) {
      // Nothing comes before the batch is over.
    }
  })().catch((error: Error) => error.message);
  await Promise.resolve();
  controller.abort(new Error("enough"));
  expect(await reading).toBe("enough");
  expect(busyMs).toBeLessThan(1_000);
});
