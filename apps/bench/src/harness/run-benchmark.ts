/** Runs the sides of a benchmark in turns, so that a busy minute of the machine falls on all of them. */
import type { BenchContext, Benchmark, Budget, Step } from "./benchmark.ts";
import { type Round, SideProcess } from "./side-process.ts";
import { pairwise, type Spread, spread } from "./statistics.ts";

export interface SideResult {
  readonly side: string;
  readonly ms: Spread;
  readonly cpuSeconds: Spread;
  /** Largest resident memory of the side's process tree over all rounds; null where it is not known. */
  readonly peakBytes: number | null;
  /** Of the round in the middle. */
  readonly steps: readonly Step[];
}

export interface ComparisonResult {
  readonly side: string;
  readonly against: string;
  /** How many times as long, round by round. */
  readonly ratio: Spread;
  readonly cpuRatio: Spread;
  /** Milliseconds more per unit, for benchmarks that have a unit. */
  readonly perUnitMs: Spread | null;
  readonly budget: Budget | null;
  readonly met: boolean | null;
}

export interface BenchmarkResult {
  readonly name: string;
  readonly title: string;
  readonly rounds: number;
  /** What a round is about, for benchmarks that are told in rows per second. */
  readonly rows: number | null;
  readonly operations: number | null;
  readonly floor: { readonly side: string; readonly perSecond: number; readonly met: boolean } | null;
  readonly tellSteps: boolean;
  /** Sides that cannot run here, with the reason. */
  readonly missing: readonly { readonly side: string; readonly reason: string }[];
  readonly sides: readonly SideResult[];
  readonly comparisons: readonly ComparisonResult[];
}

export interface RunSettings {
  readonly suite: string;
  readonly rounds: number;
}

export async function runBenchmark(
  whole: Benchmark,
  context: BenchContext,
  settings: RunSettings,
): Promise<BenchmarkResult> {
  const { benchmark, missing } = withoutMissing(whole, context);
  const rounds = Math.min(settings.rounds, benchmark.roundsMax ?? settings.rounds);
  const processes = new Map<string, SideProcess>();
  const peaks = new Map<string, number | null>();
  const measured = new Map<string, Round[]>(benchmark.sides.map((side) => [side.name, []]));
  try {
    for (const { name, nodeArguments } of benchmark.sides) {
      const order = { suite: settings.suite, benchmark: benchmark.name, side: name, context };
      processes.set(name, await SideProcess.start(order, nodeArguments));
    }
    // The first ones warm caches and start executors; they are not counted.
    const { warmRounds = 1 } = benchmark;
    for (let round = 0; round < warmRounds + rounds; round++) {
      const results = await runRound(benchmark, processes, round);
      if (round >= warmRounds) for (const [name, result] of results) measured.get(name)!.push(result);
    }
  } finally {
    for (const [name, process] of processes) peaks.set(name, await process.close());
  }
  return { ...summarize(benchmark, context, rounds, measured, peaks), missing };
}

type Missing = BenchmarkResult["missing"];

function withoutMissing(
  whole: Benchmark,
  context: BenchContext,
): { readonly benchmark: Benchmark; readonly missing: Missing } {
  const missing = whole.sides.flatMap((side) => {
    const reason = side.missing?.(context);
    return reason === undefined ? [] : [{ side: side.name, reason }];
  });
  const isThere = (name: string): boolean => !missing.some((one) => one.side === name);
  const sides = whole.sides.filter((side) => isThere(side.name));
  const comparisons = whole.comparisons.filter((one) => isThere(one.side) && isThere(one.against));
  return { benchmark: { ...whole, sides, comparisons }, missing };
}

async function runRound(
  benchmark: Benchmark,
  processes: ReadonlyMap<string, SideProcess>,
  round: number,
): Promise<Map<string, Round>> {
  const results = new Map<string, Round>();
  const names = benchmark.sides.map((side) => side.name);
  // Each side goes first in turn: what runs after a write shares the disk with its write-back.
  const first = round % names.length;
  for (const name of [...names.slice(first), ...names.slice(0, first)]) {
    results.set(name, await processes.get(name)!.run(round));
  }
  const checks = new Set([...results.values()].map((result) => result.outcome.check));
  if (checks.size > 1) {
    const said = [...results].map(([name, result]) => `${name}: ${result.outcome.check}`).join("; ");
    throw new Error(`${benchmark.name}: the sides do not agree: ${said}`);
  }
  return results;
}

function summarize(
  benchmark: Benchmark,
  context: BenchContext,
  rounds: number,
  measured: ReadonlyMap<string, readonly Round[]>,
  peaks: ReadonlyMap<string, number | null>,
): Omit<BenchmarkResult, "missing"> {
  const sides = benchmark.sides.map(({ name }): SideResult => {
    const own = measured.get(name)!;
    return {
      side: name,
      ms: spread(own.map((round) => round.ms)),
      cpuSeconds: spread(own.map((round) => round.cpuSeconds)),
      peakBytes: peaks.get(name) ?? null,
      steps: middle(own)?.steps ?? [],
    };
  });
  const comparisons = benchmark.comparisons.map((comparison) =>
    compare(benchmark, context, comparison, measured),
  );
  const { name, title, floor, tellSteps = false } = benchmark;
  const rows = benchmark.rows?.(context) ?? null;
  const operations = benchmark.operations?.(context) ?? null;
  const isHeld = held(floor, operations, sides);
  return { name, title, rounds, rows, operations, floor: isHeld, tellSteps, sides, comparisons };
}

function held(
  floor: Benchmark["floor"],
  operations: number | null,
  sides: readonly SideResult[],
): BenchmarkResult["floor"] {
  const ms = sides.find((one) => one.side === floor?.side)?.ms.median;
  if (floor === undefined || operations === null || ms === undefined) return null;
  return { ...floor, met: operations / (ms / 1000) >= floor.perSecond };
}

function compare(
  benchmark: Benchmark,
  context: BenchContext,
  comparison: Benchmark["comparisons"][number],
  measured: ReadonlyMap<string, readonly Round[]>,
): ComparisonResult {
  const { side, against, budget } = comparison;
  const [own, other] = [measured.get(side)!, measured.get(against)!];
  const [ownMs, otherMs] = [own, other].map((rounds) => rounds.map((round) => round.ms)) as [
    number[],
    number[],
  ];
  const [ownCpu, otherCpu] = [own, other].map((rounds) => rounds.map((round) => round.cpuSeconds)) as [
    number[],
    number[],
  ];
  const ratio = spread(pairwise(ownMs, otherMs, (a, b) => a / b));
  const count = benchmark.per?.count(context);
  const perUnitMs = count === undefined ? null : spread(pairwise(ownMs, otherMs, (a, b) => (a - b) / count));
  return {
    side,
    against,
    ratio,
    cpuRatio: spread(pairwise(ownCpu, otherCpu, (a, b) => a / b)),
    perUnitMs,
    budget,
    met: budget === null ? null : isMet(budget, ratio.median, perUnitMs?.median),
  };
}

function isMet(budget: Budget, ratio: number, perUnitMs: number | undefined): boolean | null {
  switch (budget.kind) {
    case "ratio":
      return ratio <= budget.max;
    case "slower":
      return ratio >= budget.min;
    case "ms":
      return perUnitMs === undefined ? null : perUnitMs <= budget.max;
    default:
      return budget satisfies never;
  }
}

function middle(rounds: readonly Round[]): Round | undefined {
  const sorted = [...rounds].sort((a, b) => a.ms - b.ms);
  return sorted[sorted.length >> 1];
}
