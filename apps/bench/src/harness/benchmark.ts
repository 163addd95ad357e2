/** What a benchmark is: two or more sides that do the same work, measured in turns. */

/** Where and how big; the same for every side. Plain data, because sides run in processes of their own. */
export interface BenchContext {
  /** Generated input, kept between runs. */
  readonly dataDir: string;
  /** For output; emptied after the run. */
  readonly scratchDir: string;
  readonly rows: number;
  /** Tasks of the task overhead benchmark. */
  readonly tasks: number;
  readonly threads: number;
  /** Everything much smaller: to see that it runs. */
  readonly quick: boolean;
  /** The largest file system that the growth benchmarks fill. */
  readonly files: number;
  /** Resident memory a side may use. DuckDB gets half of it, on every side. */
  readonly memoryBytes: number;
  /** What the data loader draws from. */
  readonly loaderFiles: number;
  /** What each of 16 writers saves. */
  readonly checkpointBytes: number;
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** The first side is the one others are compared to. */
  readonly sides: readonly Side[];
  readonly comparisons: readonly Comparison[];
  /** Set when the interesting number is the difference between sides, divided by this many units. */
  readonly per?: { readonly unit: string; readonly count: (context: BenchContext) => number };
  /** Set when rows per second say more than seconds: how many rows a round is about. */
  readonly rows?: (context: BenchContext) => number;
  /** The same for what is told in operations per second. */
  readonly operations?: (context: BenchContext) => number;
  /** Operations per second that a side is to reach on a quiet machine, whatever others reach. */
  readonly floor?: { readonly side: string; readonly perSecond: number };
  /** Says where the time went also where no budget was missed. */
  readonly tellSteps?: boolean;
  /** Fewer rounds than others, for what takes long and whose spread says little. */
  readonly roundsMax?: number;
  /** Rounds before those that count, for what is slow until it was compiled; 1 if it does not say. */
  readonly warmRounds?: number;
}

export interface Side {
  readonly name: string;
  /** How Node is started for its process. */
  readonly nodeArguments?: readonly string[];
  /** Why it cannot run here: it is left out, which is said. */
  missing?(context: BenchContext): string | undefined;
  /** Called once, in the side's own process, before the first round. */
  open(context: BenchContext): Promise<OpenSide>;
}

export interface OpenSide {
  /** One timed round. */
  run(round: number): Promise<Outcome>;
  /** Untimed: removes what the round wrote. */
  tidy?(round: number): Promise<void>;
  /** Where the time of the last round went, as far as the side knows. */
  steps?(): readonly Step[];
  close(): Promise<void>;
}

export interface Outcome {
  /** What the work produced, in few words: sides of a benchmark must agree on it. */
  readonly check: string;
  /** Replaces the time measured around `run`, for sides that measure closer. */
  readonly ms?: number;
  /** The same for processor time, where part of the round is not what is measured. */
  readonly cpuSeconds?: number;
}

export interface Step {
  readonly name: string;
  readonly seconds: number;
  readonly detail: string;
}

export interface Comparison {
  readonly side: string;
  readonly against: string;
  readonly budget: Budget | null;
}

/**
 * `ratio`: at most that many times as long as the other side. `ms`: at most that many milliseconds more per unit.
 * `slower`: a peer that is meant to take at least that many times as long.
 */
export type Budget =
  | { readonly kind: "ratio"; readonly max: number }
  | { readonly kind: "ms"; readonly max: number }
  | { readonly kind: "slower"; readonly min: number };

/** Thrown by `prepare` when a suite cannot run here, which is a notice and no failure. */
export class SuiteSkipped extends Error {
  override readonly name = "SuiteSkipped";
}

/** A named list of benchmarks over the same data. */
export interface Suite {
  readonly name: string;
  readonly benchmarks: readonly Benchmark[];
  /** Printed after the results. */
  readonly notes?: readonly string[];
  /** Printed before the results, in place of what it says about rows and DuckDB. */
  about?(context: BenchContext): string;
  /** Makes the data unless it is there. */
  prepare(context: BenchContext, log: (line: string) => void): Promise<void>;
}
