/** The event queue against a sorted list, and draws that must not depend on one another. */
import { SeededRandom } from "@smallpond/base";
import { drawKnobs, EventQueue, SimWorld, WorldProbes } from "@smallpond/sim";
import fc from "fast-check";
import { expect, test } from "vitest";

test("events come in order of due time, equals in order of planning, without the cancelled", () => {
  const draft = fc.record({ dueMs: fc.integer({ min: 0, max: 20 }), cancelled: fc.boolean() });
  fc.assert(
    fc.property(fc.array(draft), (drafts) => {
      const queue = new EventQueue();
      const events = drafts.map((each, order) => ({ ...each, order, run: () => {} }));
      for (const event of events) queue.push(event);
      const expected = events
        .filter((event) => !event.cancelled)
        .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
      const popped = [];
      for (let event = queue.pop(); event !== undefined; event = queue.pop()) popped.push(event);
      expect(popped).toEqual(expected);
    }),
  );
});

test("a promise chain of any length ends before the next event", async () => {
  const world = new SimWorld(1);
  const order: string[] = [];
  await world.run(async () => {
    world.scheduler.after(10, () => {
      void (async () => {
        for (let turn = 0; turn < 10_000; turn++) await null;
        order.push("chain");
      })();
    });
    world.scheduler.after(10, () => order.push("next event"));
    await world.sleep(20);
  });
  expect(order).toEqual(["chain", "next event"]);
});

test("knobs stay in their range, mostly at their default, and each draws for itself", () => {
  const table = { a: { default: 5, min: 1, max: 9 }, b: { default: 0.5, min: 0, max: 1, fraction: true } };
  const draws = Array.from({ length: 300 }, (_, seed) => drawKnobs(new SeededRandom(seed), table));
  for (const { a, b } of draws) {
    expect(Number.isInteger(a) && a >= 1 && a <= 9 && b >= 0 && b <= 1).toBe(true);
  }
  const defaults = draws.filter(({ a }) => a === 5).length;
  expect(defaults).toBeGreaterThan(150);
  expect(defaults).toBeLessThan(270);
  const alone = drawKnobs(new SeededRandom(7), { b: table.b });
  expect(alone.b).toBe(drawKnobs(new SeededRandom(7), table).b);
});

test("a buggify point is on in some runs, rare in those, and off once healed", () => {
  const runs = Array.from({ length: 200 }, (_, seed) => {
    const probes = new WorldProbes({ random: new SeededRandom(seed), note: () => {} });
    const hits = Array.from({ length: 100 }, () => probes.buggify("here")).filter(Boolean).length;
    probes.heal();
    expect(probes.buggify("here", 1)).toBe(false);
    return hits;
  });
  const on = runs.filter((hits) => hits > 0);
  expect(on.length).toBeGreaterThan(25);
  expect(on.length).toBeLessThan(80);
  expect(Math.max(...on)).toBeLessThan(40);
});
