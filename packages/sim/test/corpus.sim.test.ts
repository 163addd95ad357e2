/** Seeds that once failed pass, or fail still where a bug was planted. */
import { runScenario } from "@smallpond/sim";
import { readCorpus, replayCommand } from "@smallpond/sim/platform";
import { findScenario } from "@smallpond/sim/scenarios";
import { expect, test } from "vitest";

const corpus = await readCorpus();

test("there are some", () => {
  expect(corpus.length).toBeGreaterThan(0);
});

test.each(corpus)("$scenario, seed $seed", async ({ scenario: name, seed, reason }) => {
  const scenario = findScenario(name);
  expect(scenario, `seeds/${name}.txt is about no scenario`).toBeDefined();
  const report = await runScenario(scenario!, seed);
  expect(report.failure === undefined, `${replayCommand(report)}: ${reason}`).toBe(!scenario!.canary);
});
