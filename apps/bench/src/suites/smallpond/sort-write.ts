import type { Benchmark } from "../../harness/benchmark.ts";
import { type OursRound, ours } from "./ours.ts";
import { copied, parquet, plain } from "./plain.ts";
import { PARTITIONS } from "./shuffle-write.ts";

const KEYS = ["amount DESC", "id"];
const BUDGET = { kind: "ratio", max: 1.5 } as const;

export async function sortWhole({ sp, paths, target }: OursRound): Promise<string> {
  const sorted = sp.readParquet(paths.events).sort(KEYS);
  const { rows } = await sorted.writeParquet(`${target}.parquet`, { compression: "snappy" });
  return `${rows} rows`;
}

async function sortRanges({ sp, paths, target }: OursRound): Promise<string> {
  const sorted = sp.readParquet(paths.events).sort(KEYS, { partitions: PARTITIONS });
  const { rows } = await sorted.writeParquet(target, { compression: "snappy" });
  return `${rows} rows`;
}

export const sortWrite: Benchmark = {
  name: "sort-write",
  title: `global sort written as Parquet, whole and in ${PARTITIONS} ranges; DuckDB: COPY (… ORDER BY …)`,
  roundsMax: 3,
  sides: [
    plain("duckdb", async ({ rows, paths, target }) =>
      copied(
        await rows(
          `COPY (SELECT * FROM ${parquet(paths.events)} ORDER BY ${KEYS.join(", ")})
           TO '${target}.parquet' (FORMAT parquet, COMPRESSION snappy)`,
        ),
      ),
    ),
    ours("smallpond inline", { numExecutors: 0 }, sortWhole),
    ours("smallpond auto", { numExecutors: "auto" }, sortWhole),
    ours("ranges inline", { numExecutors: 0 }, sortRanges),
    ours("ranges auto", { numExecutors: "auto" }, sortRanges),
  ],
  comparisons: [
    { side: "smallpond inline", against: "duckdb", budget: BUDGET },
    { side: "smallpond auto", against: "duckdb", budget: BUDGET },
    { side: "ranges inline", against: "duckdb", budget: BUDGET },
    { side: "ranges auto", against: "duckdb", budget: BUDGET },
  ],
};
