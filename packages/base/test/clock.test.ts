import { NodeClock } from "@smallpond/base/platform/node";
import { clockContract, ManualClock } from "@smallpond/base/testing";
import { expect, test } from "vitest";
import { runContract } from "./run-contract.ts";

runContract(
  "NodeClock",
  clockContract(() => {
    const clock = new NodeClock();
    return { clock, advance: (ms) => clock.sleep(ms) };
  }),
);

runContract(
  "ManualClock",
  clockContract(() => {
    const clock = new ManualClock();
    return { clock, advance: (ms) => clock.advance(ms) };
  }),
);

test("virtual time stops at every step of a loop that sleeps", async () => {
  const clock = new ManualClock();
  const steps: number[] = [];
  const looping = (async () => {
    for (let step = 0; step < 3; step++) {
      await clock.sleep(10);
      steps.push(clock.monotonicMs());
    }
  })();
  await clock.advance(35);
  await looping;
  expect(steps).toEqual([10, 20, 30]);
  expect(clock.monotonicMs()).toBe(35);
  expect(clock.pendingCount).toBe(0);
});

test("an aborted sleep and a disposed deadline leave no timer behind", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const sleeping = clock.sleep(1000, { signal: controller.signal });
  {
    using _deadline = clock.deadline(1000);
    expect(clock.pendingCount).toBe(2);
  }
  controller.abort();
  await expect(sleeping).rejects.toThrow("aborted");
  expect(clock.pendingCount).toBe(0);
});

test("the wall clock may jump without the monotonic one noticing", async () => {
  const clock = new ManualClock({ wallMs: 1000 });
  clock.jumpWall(-500);
  await clock.advance(1);
  expect([clock.wallMs(), clock.monotonicMs()]).toEqual([501, 1]);
});

test("a delay longer than Node's timers can hold does not fire at once", async () => {
  const clock = new NodeClock();
  let fired = false;
  const timer = clock
    .timer(2 ** 40, () => {
      fired = true;
    })
    .unref();
  await clock.sleep(5);
  expect(fired).toBe(false);
  timer.cancel();
});
