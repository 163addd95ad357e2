/** The toy service under everything: clean where it is correct, caught where a bug was planted, the same twice. */
import { runScenario } from "@smallpond/sim";
import { readCorpus, replayCommand } from "@smallpond/sim/platform";
import { findScenario, SCENARIOS } from "@smallpond/sim/scenarios";
import { describe, expect, test } from "vitest";

/** Enough to notice a toy that broke; `sim:explore` runs thousands. */
const CLEAN_SEEDS = 120;
/** The promise is 1,000; all four are usually found in the first fifty. */
const CANARY_SEEDS = 1000;
/** One seed in twenty runs twice. */
const TWICE_EVERY = 20;

const toy = findScenario("toy")!;

test(`the correct toy is clean over ${CLEAN_SEEDS} seeds, and reaches its rare branches`, {
  timeout: 240_000,
}, async () => {
  const reached = new Set<string>();
  for (let seed = 0; seed < CLEAN_SEEDS; seed++) {
    const report = await runScenario(toy, seed);
    expect(report.failure, `${replayCommand(report)}\n${report.page.join("\n")}`).toBeUndefined();
    for (const mark of Object.keys(report.marks)) reached.add(mark);
    if (seed % TWICE_EVERY === 0) expect((await runScenario(toy, seed)).traceHash).toBe(report.traceHash);
  }
  expect(toy.marks.filter((mark) => !reached.has(mark))).toEqual([]);
});

describe("each planted bug is found", () => {
  const canaries = SCENARIOS.filter((scenario) => scenario.canary);
  test.each(canaries.map((scenario) => [scenario.name, scenario] as const))(
    "%s",
    { timeout: 240_000 },
    async (_, scenario) => {
      let found: string | undefined;
      for (let seed = 0; seed < CANARY_SEEDS && found === undefined; seed++) {
        found = (await runScenario(scenario, seed)).failure;
      }
      expect(found, `no failure in ${CANARY_SEEDS} seeds: the simulation has gone blind`).toBeDefined();
    },
  );
});

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
