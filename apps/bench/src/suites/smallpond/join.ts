import type { DataFrame, Session } from "smallpond";
import type { Benchmark } from "../../harness/benchmark.ts";
import { checkRows } from "./check.ts";
import type { DataPaths } from "./data.ts";
import { ours } from "./ours.ts";
import { parquet, plain } from "./plain.ts";

export function joinFrame(sp: Session, paths: DataPaths): DataFrame {
  return sp
    .readParquet(paths.events)
    .join(sp.readParquet(paths.stores), { on: "store" })
    .groupBy("region", "category")
    .agg({ events: "count(*)", revenue: "sum(amount)", area: "avg(area)" })
    .sort(["region", "category"]);
}

export const join: Benchmark = {
  name: "join",
  title: "join with a small table + group by, as DataFrame verbs",
  sides: [
    plain("duckdb", async ({ rows, paths }) =>
      checkRows(
        await rows(
          `SELECT region, category, count(*) AS events, sum(amount) AS revenue, avg(area) AS area
           FROM ${parquet(paths.events)} JOIN ${parquet([paths.stores])} USING (store)
           GROUP BY region, category ORDER BY region, category`,
        ),
      ),
    ),
    ours("smallpond", { numExecutors: "auto" }, async ({ sp, paths }) =>
      checkRows(await joinFrame(sp, paths).takeAll()),
    ),
  ],
  comparisons: [{ side: "smallpond", against: "duckdb", budget: { kind: "ratio", max: 1.1 } }],
};
