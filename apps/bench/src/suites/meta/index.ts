/** Metadata: what our service does per second beside the bare store, SQLite and a file system of the kernel. */
import { statfsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import type { BenchContext, Benchmark, Suite } from "../../harness/benchmark.ts";
import { growthBenchmarks } from "./growth.ts";
import { bareSide, localSide, remoteSide } from "./our-side.ts";
import { fileSystemSide, sqliteSide } from "./program-side.ts";
import { countOf, IN_FLIGHT, type MetaOperation, type MetaWork } from "./workload.ts";

const OURS = "ours";
const OURS_TCP = "ours over tcp";
const BARE = "bare store";
const KERNEL = "kernel fs";
const SQLITE = "sqlite";

/** To be reached: half of the bare store's rate for the same batches, so twice its time, and this many a second. */
const BARE_FACTOR = 2;
const CREATES_PER_SECOND = 10_000;
/** With fewer in flight nothing is gathered, and what is told is how long one sync takes. */
const BUDGET_IN_FLIGHT = 64;

const TITLES: Readonly<Record<MetaOperation, string>> = {
  "create-one": "new files in one directory",
  "create-many": "new files in 256 directories",
  rename: "files moved from one directory to another",
  stat: "stats of files in 256 directories, each by its path",
  "stat-batch": "stats of files, 100 in a question",
  readdir: "entries of whole directories of 1,000 files, read with their attributes",
};

function benchmark(operation: MetaOperation, inFlight: number): Benchmark {
  const work: MetaWork = { operation, inFlight };
  const isBudgeted = operation.startsWith("create") && inFlight >= BUDGET_IN_FLIGHT;
  return {
    name: `${operation}-${inFlight}`,
    title: `${TITLES[operation]}, ${inFlight} in flight`,
    sides: [
      bareSide(BARE, work),
      localSide(OURS, work),
      remoteSide(OURS_TCP, work),
      sqliteSide(SQLITE, work),
      fileSystemSide(KERNEL, work),
    ],
    comparisons: [
      { side: OURS, against: BARE, budget: isBudgeted ? { kind: "ratio", max: BARE_FACTOR } : null },
      { side: OURS_TCP, against: BARE, budget: null },
      { side: OURS, against: SQLITE, budget: null },
      { side: OURS, against: KERNEL, budget: null },
    ],
    operations: (context) => countOf(work, context),
    ...(isBudgeted ? { floor: { side: OURS, perSecond: CREATES_PER_SECOND } } : {}),
  };
}

export const metaGrowthSuite: Suite = {
  name: "meta-growth",
  benchmarks: growthBenchmarks,
  about: ({ dataDir, files }: BenchContext) =>
    `${fileSystemOf(dataDir)} under ${dataDir}; up to ${files.toLocaleString("en")} files, 64 in flight, in process`,
  async prepare({ dataDir }) {
    await mkdir(dataDir, { recursive: true });
  },
};

const OPERATIONS = Object.keys(TITLES) as readonly MetaOperation[];

export const metaSuite: Suite = {
  name: "meta",
  benchmarks: OPERATIONS.flatMap((operation) => IN_FLIGHT.map((count) => benchmark(operation, count))),
  about: ({ scratchDir }: BenchContext) =>
    `${fileSystemOf(scratchDir)} under ${scratchDir}; changes are durable when they are counted`,
  async prepare({ scratchDir }) {
    await mkdir(scratchDir, { recursive: true });
  },
};

/** By the numbers of statfs(2). */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, "ext4"],
  [0x5846_5342, "XFS"],
  [0x9123_683e, "Btrfs"],
  [0x0102_1994, "tmpfs (nothing is durable here)"],
  [0x794c_7630, "overlayfs"],
  [0x2fc1_2fc1, "ZFS"],
]);

function fileSystemOf(path: string): string {
  const { type } = statfsSync(path);
  return FILE_SYSTEMS.get(type) ?? `file system ${type.toString(16)}`;
}
