/**
 * SQL per partition after a hash repartition, against two ways of plain DuckDB: one query that gives the same rows
 * without any partitions, and the same steps (write partitions, then query each) by hand.
 */
import type { Benchmark } from "../../harness/benchmark.ts";
import { type OursRound, ours } from "./ours.ts";
import { copied, type PlainRound, parquet, plain } from "./plain.ts";
import { PARTITIONS } from "./shuffle-write.ts";

const BUDGET = { kind: "ratio", max: 1.5 } as const;

/** Groups fall apart by customer, so that each partition has its own: one query over all rows gives the same. */
export const group = (from: string): string =>
  `SELECT customer, count(*) AS events, sum(amount) AS revenue, max(ts) AS last FROM ${from} GROUP BY customer`;

/** The five largest events of each customer: work that grows faster than the rows. */
const largest = (from: string): string =>
  `SELECT * FROM ${from} QUALIFY row_number() OVER (PARTITION BY customer ORDER BY amount DESC, id) <= 5`;

type Query = (from: string) => string;

export const partialGroup: Benchmark = benchmark(
  "partial-group",
  `GROUP BY per partition after a hash repartition into ${PARTITIONS}, written`,
  group,
);
export const partialWindow: Benchmark = benchmark(
  "partial-window",
  `window function per partition after a hash repartition into ${PARTITIONS}, written`,
  largest,
);

function benchmark(name: string, title: string, query: Query): Benchmark {
  const work = (round: OursRound): Promise<string> => perPartition(round, query);
  return {
    name,
    title,
    roundsMax: 3,
    sides: [
      plain("duckdb one query", async ({ rows, paths, target }) =>
        copied(
          await rows(
            `COPY (${query(parquet(paths.events))}) TO '${target}.parquet' (FORMAT parquet, COMPRESSION snappy)`,
          ),
        ),
      ),
      plain("duckdb by hand", (round) => byHand(round, query)),
      ours("smallpond inline", { numExecutors: 0 }, work),
      ours("smallpond auto", { numExecutors: "auto" }, work),
    ],
    comparisons: [
      { side: "smallpond inline", against: "duckdb one query", budget: null },
      { side: "smallpond auto", against: "duckdb one query", budget: BUDGET },
      { side: "smallpond inline", against: "duckdb by hand", budget: null },
      { side: "smallpond auto", against: "duckdb by hand", budget: null },
    ],
  };
}

export async function perPartition({ sp, paths, target }: OursRound, query: Query): Promise<string> {
  const dealt = sp.readParquet(paths.events).repartition(PARTITIONS, { hashBy: "customer" });
  const result = sp.partialSql(query("{0}"), dealt);
  const { rows } = await result.writeParquet(target, { compression: "snappy" });
  return `${rows} rows`;
}

async function byHand({ rows, paths, target }: PlainRound, query: Query): Promise<string> {
  await rows(
    `COPY (SELECT *, CAST(hash(customer) % ${PARTITIONS} AS INTEGER) AS part FROM ${parquet(paths.events)})
     TO '${target}' (FORMAT parquet, COMPRESSION snappy, PARTITION_BY (part))`,
  );
  let total = 0;
  for (let part = 0; part < PARTITIONS; part++) {
    const from = `read_parquet('${target}/part=${part}/*.parquet', hive_partitioning = false)`;
    const done = await rows(
      `COPY (${query(from)}) TO '${target}/out-${part}.parquet' (FORMAT parquet, COMPRESSION snappy)`,
    );
    total += Number(done[0]?.Count);
  }
  return `${total} rows`;
}
