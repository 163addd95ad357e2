/** The toy service under everything: clean where it is correct, caught where a bug was planted, the same twice. */
import { runScenario } from "@smallpond/sim";
import { findScenario } from "@smallpond/sim/scenarios";
import { expect, test } from "vitest";
import { testScenario } from "./scenario-tests.ts";

const toy = findScenario("toy")!;

// Enough to notice a toy that broke; `sim:explore` runs thousands. The canaries' promise is 1,000 seeds; all four are
// usually found in the first fifty.
testScenario("toy", { cleanSeeds: 120, canarySeeds: 1000 });

test("two seeds differ, and keeping the whole trace changes nothing", async () => {
  const [one, two] = [await runScenario(toy, 1), await runScenario(toy, 2)];
  expect(one.traceHash).not.toBe(two.traceHash);
  const whole = await runScenario(toy, 1, { trace: { whole: true } });
  expect(whole.traceHash).toBe(one.traceHash);
  expect(whole.page.length).toBe(whole.traceLines);
});
