/** Our sides of every benchmark: in the session's process, in one executor, and in two. */
import type { Comparison, Side } from "../../harness/benchmark.ts";
import { type OursRound, ours } from "../smallpond/ours.ts";

export const LOOP = "javascript loop";

/** As many partitions as files, so that two executors share the work. */
export function oursEverywhere(work: (round: OursRound) => Promise<string>): Side[] {
  return [
    ours("smallpond inline", { numExecutors: 0 }, work),
    ours("1 executor", { numExecutors: 1 }, work),
    ours("2 executors", { numExecutors: 2 }, work),
  ];
}

export const COMPARISONS: readonly Comparison[] = ["smallpond inline", "1 executor", "2 executors"].map(
  (side) => ({ side, against: LOOP, budget: null }),
);

/** Rows that went into files. */
export async function computed(frame: { compute(): Promise<{ count(): Promise<number> }> }): Promise<string> {
  return `${await (await frame.compute()).count()} rows`;
}
