/** Runs one scenario from one seed and reports. */
import { formatError, type Random } from "@smallpond/base";
import type { TraceSettings } from "../world/trace.ts";
import { SimWorld } from "../world/world.ts";
import type { Arena, Checker, Nemesis, Scenario, ScenarioParts } from "./scenario.ts";

export interface RunReport {
  readonly scenario: string;
  readonly seed: number;
  /** Why the run failed; nothing if it did not. */
  readonly failure: string | undefined;
  /** Two runs of a seed have the same. */
  readonly traceHash: string;
  readonly traceLines: number;
  readonly events: number;
  /** How much time passed inside. */
  readonly virtualMs: number;
  readonly nemeses: readonly string[];
  /** Rare branches reached, with how often. */
  readonly marks: Readonly<Record<string, number>>;
  /** The end of the trace, or all of it if asked for. */
  readonly page: readonly string[];
}

export interface RunOptions {
  readonly trace?: TraceSettings;
}

/** How likely each nemesis takes part, drawn per run: few at a time go far before the next one hides what they did. */
const NEMESIS_SHARES: readonly number[] = [0.1, 0.25, 0.5];

export async function runScenario(
  scenario: Scenario,
  seed: number,
  options: RunOptions = {},
): Promise<RunReport> {
  const world = new SimWorld(seed, { trace: options.trace ?? {} });
  const chosen: string[] = [];
  let failure: string | undefined;
  try {
    await world.run(() => play(world, scenario, chosen));
  } catch (error) {
    failure =
      error instanceof Error && error.name !== "PondError"
        ? (error.stack ?? error.message)
        : formatError(error);
  }
  return {
    scenario: scenario.name,
    seed,
    failure,
    traceHash: world.trace.hash,
    traceLines: world.trace.lineCount,
    events: world.scheduler.eventCount,
    virtualMs: world.scheduler.nowMs,
    nemeses: chosen,
    marks: Object.fromEntries([...world.probes.marks].sort(([a], [b]) => (a < b ? -1 : 1))),
    page: world.trace.page(),
  };
}

async function play(world: SimWorld, scenario: Scenario, chosen: string[]): Promise<void> {
  world.note(`${scenario.name}, seed ${world.seed}`);
  const parts = scenario.build(world);
  const random = world.random.fork("scenario");
  const share = NEMESIS_SHARES[random.int(NEMESIS_SHARES.length)]!;
  const nemeses = parts.nemeses.filter((nemesis) => random.fork(nemesis.name).next() < share);
  chosen.push(...nemeses.map((nemesis) => nemesis.name));
  world.note(`nemeses: ${chosen.join(", ") || "none"}`);

  const phase = { healed: false, over: false };
  for (const workload of parts.workloads) workload.start(phase);
  await breakThings({ world, random, nemeses, phase, parts });
  world.heal();
  await judge(world, parts.checkers, "healed");
  phase.over = true;
  await judge(world, parts.checkers, "end");
}

async function breakThings(stage: {
  readonly world: SimWorld;
  readonly random: Random;
  readonly nemeses: readonly Nemesis[];
  readonly phase: { healed: boolean; over: boolean };
  readonly parts: ScenarioParts;
}): Promise<void> {
  const { world, random, phase } = stage;
  const end = world.sleep(stage.parts.faultMs).then(() => {
    phase.healed = true;
  });
  const arenaOf = (nemesis: Nemesis): Arena => ({
    world,
    random: random.fork(`nemesis ${nemesis.name}`),
    phase,
    sleep: (ms) => Promise.race([world.sleep(ms), end]),
  });
  await Promise.all([end, ...stage.nemeses.map((nemesis) => nemesis.run(arenaOf(nemesis)))]);
}

async function judge(world: SimWorld, checkers: readonly Checker[], when: Checker["when"]): Promise<void> {
  for (const checker of checkers) {
    if (checker.when !== when) continue;
    world.note(`checking ${checker.name}`);
    await checker.check();
  }
}
