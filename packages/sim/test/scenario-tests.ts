/** What every scenario has to show: clean where the code is as it ships, caught where a bug was planted, the same twice. */
import { runScenario } from "@smallpond/sim";
import { replayCommand } from "@smallpond/sim/platform";
import { findScenario, SCENARIOS } from "@smallpond/sim/scenarios";
import { describe, expect, test } from "vitest";

/** One seed in twenty runs twice. */
const TWICE_EVERY = 20;

export interface Expected {
  readonly cleanSeeds: number;
  /** Within how many seeds each canary has to be found. */
  readonly canarySeeds: number;
  /** Of the scenario's rare branches, those that so few seeds need not reach; thousands must. */
  readonly rare?: readonly string[];
  /** Where to begin looking for a canary that few seeds find: a seed that has found it. Else at 0. */
  readonly canaryFrom?: Readonly<Record<string, number>>;
  /** Canaries that are left to explorations, which take longer to find them than a test may. */
  readonly leftOut?: readonly string[];
}

export function testScenario(
  name: string,
  { cleanSeeds, canarySeeds, rare = [], canaryFrom = {}, leftOut = [] }: Expected,
): void {
  const scenario = findScenario(name)!;

  test(`${name} is clean over ${cleanSeeds} seeds, and reaches its rare branches`, {
    timeout: 240_000,
  }, async () => {
    const reached = new Set<string>(rare);
    for (let seed = 0; seed < cleanSeeds; seed++) {
      const report = await runScenario(scenario, seed);
      expect(report.failure, `${replayCommand(report)}\n${report.page.join("\n")}`).toBeUndefined();
      for (const mark of Object.keys(report.marks)) reached.add(mark);
      if (seed % TWICE_EVERY === 0)
        expect((await runScenario(scenario, seed)).traceHash).toBe(report.traceHash);
    }
    expect(scenario.marks.filter((mark) => !reached.has(mark))).toEqual([]);
  });

  const canaries = SCENARIOS.filter(
    (each) => each.canary && each.name.startsWith(`${name}-`) && !leftOut.includes(each.name),
  );
  if (canaries.length === 0) return;
  describe("each planted bug is found", () => {
    test.each(canaries.map((canary) => [canary.name, canary] as const))(
      "%s",
      { timeout: 240_000 },
      async (_, canary) => {
        let found: string | undefined;
        const from = canaryFrom[canary.name] ?? 0;
        for (let seed = from; seed < from + canarySeeds && found === undefined; seed++) {
          const { failure } = await runScenario(canary, seed);
          // What fails also without the bug says nothing about it.
          if (failure !== undefined && (await runScenario(scenario, seed)).failure === undefined)
            found = failure;
        }
        expect(found, `no failure in ${canarySeeds} seeds: the simulation has gone blind`).toBeDefined();
      },
    );
  });
}
