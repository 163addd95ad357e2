import type { Benchmark } from "../../harness/benchmark.ts";
import { type OursRound, ours } from "./ours.ts";
import { copied, parquet, plain } from "./plain.ts";

export const PARTITIONS = 16;
const BUDGET = { kind: "ratio", max: 1.5 } as const;

export async function writeShuffled({ sp, paths, target }: OursRound): Promise<string> {
  const dealt = sp.readParquet(paths.events).repartition(PARTITIONS, { hashBy: "customer" });
  const { rows } = await dealt.writeParquet(target, { compression: "snappy" });
  return `${rows} rows`;
}

export const shuffleWrite: Benchmark = {
  name: "shuffle-write",
  title: `hash repartition into ${PARTITIONS}, written as Parquet; DuckDB: COPY … PARTITION_BY over the same hash`,
  roundsMax: 3,
  sides: [
    plain("duckdb", async ({ rows, paths, target }) =>
      copied(
        await rows(
          `COPY (SELECT *, CAST(hash(CAST(customer AS BIGINT)) % ${PARTITIONS} AS INTEGER) AS part FROM ${parquet(paths.events)})
           TO '${target}' (FORMAT parquet, COMPRESSION snappy, PARTITION_BY (part))`,
        ),
      ),
    ),
    ours("smallpond inline", { numExecutors: 0 }, writeShuffled),
    ours("smallpond auto", { numExecutors: "auto" }, writeShuffled),
  ],
  comparisons: [
    { side: "smallpond inline", against: "duckdb", budget: BUDGET },
    { side: "smallpond auto", against: "duckdb", budget: BUDGET },
  ],
};
