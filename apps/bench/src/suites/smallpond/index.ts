/** smallpond on one machine against one plain DuckDB. */
import type { Suite } from "../../harness/benchmark.ts";
import { prepareData } from "./data.ts";
import { join } from "./join.ts";
import { partialGroup, partialWindow } from "./partial-sql.ts";
import { scan } from "./scan.ts";
import { shuffleWrite } from "./shuffle-write.ts";
import { sortWrite } from "./sort-write.ts";
import { startup } from "./startup.ts";
import { manyTasks, tasks } from "./tasks.ts";

export const smallpondSuite: Suite = {
  name: "smallpond",
  benchmarks: [startup, scan, join, shuffleWrite, sortWrite, partialGroup, partialWindow, tasks, manyTasks],
  notes: ["not measured: tasks planned per second without running them, which no public call does"],
  prepare: prepareData,
};
