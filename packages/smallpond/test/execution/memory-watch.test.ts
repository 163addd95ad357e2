import { ManualClock } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { watchMemory } from "../../src/execution/memory-watch.ts";

const MIB = 1024 * 1024;

test("a process above its limit is told to stop, with both figures and what to do", async () => {
  const clock = new ManualClock();
  let bytes = 10 * MIB;
  const signal = new AbortController().signal;
  using watch = watchMemory(
    { clock, residentBytes: () => bytes },
    { limitBytes: 20 * MIB, label: "task", signal },
  );
  await clock.advance(1_000);
  expect(watch.signal.aborted).toBe(false);
  bytes = 30 * MIB;
  await clock.advance(60);
  expect(watch.signal.reason).toMatchObject({
    code: "OUT_OF_MEMORY",
    details: { bytes: 30 * MIB, limitBytes: 20 * MIB },
  });
  expect((watch.signal.reason as Error).message).toMatch(/task.*30.*20/);
  bytes = 5 * MIB;
  expect(watch.peakBytes()).toBe(30 * MIB);
});

test("the outer signal's abort is passed on, also one from before", () => {
  const deps = { clock: new ManualClock(), residentBytes: () => 0 };
  const controller = new AbortController();
  using early = watchMemory(deps, { limitBytes: 1, label: "", signal: controller.signal });
  controller.abort("why");
  using late = watchMemory(deps, { limitBytes: 1, label: "", signal: controller.signal });
  expect([early.signal.reason, late.signal.reason]).toEqual(["why", "why"]);
});

test("a watch that is over leaves no timer", () => {
  const clock = new ManualClock();
  const signal = new AbortController().signal;
  watchMemory({ clock, residentBytes: () => 0 }, { limitBytes: 1, label: "", signal })[Symbol.dispose]();
  expect(clock.pendingCount).toBe(0);
});
