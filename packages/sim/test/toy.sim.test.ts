/** The toy service under everything: clean where it is correct, caught where a bug was planted, the same twice. */
import { runScenario } from "@smallpond/sim";
import { readCorpus, replayCommand } from "@smallpond/sim/platform";
import { findScenario } from "@smallpond/sim/scenarios";
import { expect, test } from "vitest";
import { testScenario } from "./scenario-tests.ts";

const toy = findScenario("toy")!;

// Enough to notice a toy that broke; `sim:explore` runs thousands. The canaries' promise is 1,000 seeds; all four are
// usually found in the first fifty.
testScenario("toy", { cleanSeeds: 120, canarySeeds: 1000 });

test("seeds that once failed pass, or fail still where they should", async () => {
  for (const { scenario: name, seed, reason } of await readCorpus()) {
    const scenario = findScenario(name);
    expect(scenario, `seeds/${name}.txt is about no scenario`).toBeDefined();
    const report = await runScenario(scenario!, seed);
    expect(report.failure === undefined, `${replayCommand(report)}: ${reason}`).toBe(!scenario!.canary);
  }
});

test("two seeds differ, and keeping the whole trace changes nothing", async () => {
  const [one, two] = [await runScenario(toy, 1), await runScenario(toy, 2)];
  expect(one.traceHash).not.toBe(two.traceHash);
  const whole = await runScenario(toy, 1, { trace: { whole: true } });
  expect(whole.traceHash).toBe(one.traceHash);
  expect(whole.page.length).toBe(whole.traceLines);
});
