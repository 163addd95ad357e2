/** JavaScript functions over Parquet: against one DuckDB and a JavaScript loop in one process. */
import type { Suite } from "../../harness/benchmark.ts";
import { prepareData } from "../smallpond/data.ts";
import { batches } from "./batches.ts";
import { rows } from "./rows.ts";
import { udfNumber, udfText } from "./udfs.ts";

export const functionsSuite: Suite = {
  name: "functions",
  benchmarks: [rows, batches, udfNumber, udfText],
  notes: ["the same functions in Python smallpond: npm run bench:peers -- --only map-rows,map-batches"],
  prepare: prepareData,
};
