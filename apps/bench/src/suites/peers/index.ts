/** The same pipelines in Python smallpond 0.15 on Ray, over the same files. */
import type { Row } from "smallpond";
import type { Benchmark, Side, Suite } from "../../harness/benchmark.ts";
import { writeBatches, writeRows } from "../functions/written.ts";
import { prepareData } from "../smallpond/data.ts";
import { joinFrame } from "../smallpond/join.ts";
import { type OursRound, ours } from "../smallpond/ours.ts";
import { group, perPartition } from "../smallpond/partial-sql.ts";
import { scanFrame } from "../smallpond/scan.ts";
import { writeShuffled } from "../smallpond/shuffle-write.ts";
import { sortWhole } from "../smallpond/sort-write.ts";
import { started } from "../smallpond/startup.ts";
import { coldPython, warmPython } from "./python-side.ts";
import { prepareVenv } from "./venv.ts";

const OURS = "smallpond";
const PYTHON = "python on ray";
const ROUNDS_MAX = 3;

function warm(name: string, title: string, work: (round: OursRound) => Promise<string>): Benchmark {
  return against(name, title, ours(OURS, { numExecutors: "auto" }, work), warmPython(PYTHON, name));
}

function against(name: string, title: string, own: Side, peer: Side): Benchmark {
  const comparison = { side: PYTHON, against: OURS, budget: { kind: "slower", min: 5 } } as const;
  return { name, title, sides: [own, peer], comparisons: [comparison], roundsMax: ROUNDS_MAX };
}

/** The two give numbers in different types; how many rows and events they saw is the same. */
function seen(rows: readonly Row[]): string {
  return `${rows.length} rows, ${rows.reduce((sum, row) => sum + Number(row.events), 0)} events`;
}

export const peersSuite: Suite = {
  name: "peers",
  benchmarks: [
    against(
      "startup",
      "a process that opens a session (Python: starts Ray), counts the rows of a small file and ends",
      started(OURS, "startup-ours.js"),
      coldPython(PYTHON, "startup"),
    ),
    against(
      "scan-cold",
      "a process that opens a session (Python: starts Ray), runs the scan and ends",
      started(OURS, "scan-ours.js"),
      coldPython(PYTHON, "scan"),
    ),
    warm("scan", "scan + filter + aggregate; both warm", async ({ sp, paths }) =>
      seen(await scanFrame(sp, paths).takeAll()),
    ),
    warm("join", "join with a small table + group by; both warm", async ({ sp, paths }) =>
      seen(await joinFrame(sp, paths).takeAll()),
    ),
    warm("shuffle-write", "hash repartition into 16, written as Parquet; both warm", writeShuffled),
    warm("sort-write", "global sort written as Parquet; both warm", sortWhole),
    warm("partial-group", "GROUP BY per partition after a hash repartition; both warm", (round) =>
      perPartition(round, group),
    ),
    warm("map-rows", "map over row objects of a quarter of the files, written; both warm", writeRows),
    warm("map-batches", "mapBatches over Arrow, a column computed, written; both warm", writeBatches),
  ],
  async prepare(context, log) {
    await prepareVenv(context, log);
    await prepareData(context, log);
  },
};
