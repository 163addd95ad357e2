/** How load and recovery spread, on small clusters: placement and permits are those that ship, machines are queues. */
import { expect, test } from "vitest";
import { formatScale, measureScale } from "../src/scale/scale.ts";

const SETTINGS = { seed: 1, measureMs: 8, chunksPerChain: 8 };

test("thirty nodes read almost as fast each as three do, and a dead one's load spreads", {
  timeout: 120_000,
}, async () => {
  const three = await measureScale(3, SETTINGS);
  const thirty = await measureScale(30, SETTINGS);
  const table = formatScale([three, thirty]);
  expect(thirty.reads.perNode / three.reads.perNode, table).toBeGreaterThan(0.8);
  expect(thirty.reads.maxOverMean, table).toBeLessThan(1.25);
  expect(thirty.degraded.maxOverMean, table).toBeLessThan(1.3);
  expect(thirty.recovery.givers, table).toBeGreaterThan(20);
  expect(thirty.recovery.maxOverMean, table).toBeLessThan(2);
});

test("the same seed gives the same table", { timeout: 60_000 }, async () => {
  const one = formatScale([await measureScale(3, SETTINGS)]);
  expect(formatScale([await measureScale(3, SETTINGS)])).toBe(one);
});
