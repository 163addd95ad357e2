import type { DataFrame, Session } from "smallpond";
import type { Benchmark } from "../../harness/benchmark.ts";
import { checkRows } from "./check.ts";
import type { DataPaths } from "./data.ts";
import { ours } from "./ours.ts";
import { parquet, plain } from "./plain.ts";

const CONDITION =
  "amount > 250 AND category IN ('category-3', 'category-7', 'category-11') AND quantity >= 2";

export function scanFrame(sp: Session, paths: DataPaths): DataFrame {
  return sp.readParquet(paths.events).filter(CONDITION).agg({
    events: "count(*)",
    revenue: "sum(amount * quantity)",
    last: "max(ts)",
    stores: "count(DISTINCT store)",
  });
}

export const scan: Benchmark = {
  name: "scan",
  title: "scan + filter + aggregate, as DataFrame verbs",
  sides: [
    plain("duckdb", async ({ rows, paths }) =>
      checkRows(
        await rows(
          `SELECT count(*) AS events, sum(amount * quantity) AS revenue, max(ts) AS last, count(DISTINCT store) AS stores
           FROM ${parquet(paths.events)} WHERE ${CONDITION}`,
        ),
      ),
    ),
    ours("smallpond", { numExecutors: "auto" }, async ({ sp, paths }) =>
      checkRows(await scanFrame(sp, paths).takeAll()),
    ),
  ],
  comparisons: [{ side: "smallpond", against: "duckdb", budget: { kind: "ratio", max: 1.1 } }],
};
