/** What a task costs besides its SQL: very many tiny partitions, against a bare loop of the same statements. */
import { mkdir } from "node:fs/promises";
import type { BenchContext, Benchmark } from "../../harness/benchmark.ts";
import { TINY_ROWS } from "./data.ts";
import { type OursRound, ours } from "./ours.ts";
import { type PlainRound, plain } from "./plain.ts";

const QUERY = (from: string): string =>
  `SELECT category, count(*) AS events, sum(quantity) AS items FROM ${from} GROUP BY category`;
const BUDGET = { kind: "ms", max: 5 } as const;

export const tasks: Benchmark = {
  name: "tasks",
  title: "tiny tasks on one warm executor with one thread, against a bare loop of the same statements",
  per: { unit: "task", count: (context) => context.tasks },
  sides: [
    plain("duckdb loop", (round) => loop(round, round.context.tasks), { threads: 1 }),
    ours("smallpond inline", { numExecutors: 0, threads: 1 }, (round) => job(round, round.context.tasks)),
    ours("1 executor", { numExecutors: 1, threads: 1 }, (round) => job(round, round.context.tasks)),
    ours("2 executors", { numExecutors: 2, threads: 2 }, (round) => job(round, round.context.tasks)),
  ],
  comparisons: [
    { side: "smallpond inline", against: "duckdb loop", budget: BUDGET },
    { side: "1 executor", against: "duckdb loop", budget: BUDGET },
    { side: "2 executors", against: "duckdb loop", budget: null },
  ],
};

/** Whether a task costs the same in a large job: planning, bookkeeping and memory per task show here. */
export const manyTasks: Benchmark = {
  name: "many-tasks",
  title: "twenty times as many tiny tasks in one job, to see what grows with the plan",
  roundsMax: 1,
  per: { unit: "task", count: many },
  sides: [
    plain("duckdb loop", (round) => loop(round, many(round.context)), { threads: 1 }),
    ours("1 executor", { numExecutors: 1, threads: 1 }, (round) => job(round, many(round.context))),
  ],
  comparisons: [{ side: "1 executor", against: "duckdb loop", budget: BUDGET }],
};

function many({ tasks }: BenchContext): number {
  return Math.min(TINY_ROWS, tasks * 20);
}

async function job({ sp, paths }: OursRound, count: number): Promise<string> {
  const dealt = sp.readParquet(paths.tiny).repartition(count, { byRows: true });
  const frame = await sp.partialSql(QUERY("{0}"), dealt).compute();
  return `${frame.partitions} partitions`;
}

async function loop({ rows, paths, target }: PlainRound, count: number): Promise<string> {
  await mkdir(target);
  for (let i = 0; i < count; i++) {
    const [begin, end] = [i, i + 1].map((part) => Math.floor((part * TINY_ROWS) / count));
    const from = `(SELECT * FROM read_parquet('${paths.tiny}') WHERE file_row_number >= ${begin} AND file_row_number < ${end})`;
    await rows(
      `COPY (${QUERY(from)}) TO '${target}/part-${i}.parquet' (FORMAT parquet, COMPRESSION snappy, RETURN_STATS)`,
    );
  }
  return `${count} partitions`;
}
