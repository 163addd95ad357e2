/** The file system: what a client reads and writes, with one replica and three, beside what the machine can do at most. */
import { mkdir } from "node:fs/promises";
import { formatBytes } from "@smallpond/base";
import type { Benchmark, Comparison, Side, Suite } from "../../harness/benchmark.ts";
import { fioSide, kernelSide, loopbackSide, memorySide } from "./limits.ts";
import { type OurSettings, ourSide } from "./our-side.ts";
import { bytesOf, type FsOperation, type FsWork, nameOf, operationsOf, WORKS } from "./workload.ts";

const FIO = "fio";
const KERNEL = "kernel fs";
const MEMORY = "memory copy";
const LOOPBACK = "loopback";

const OURS: ReadonlyMap<string, OurSettings> = new Map([
  ["1 replica", { replicas: 1, processes: false, quick: true }],
  ["3 replicas", { replicas: 3, processes: false, quick: false }],
  ["1 in processes", { replicas: 1, processes: true, quick: false }],
  ["3 in processes", { replicas: 3, processes: true, quick: true }],
]);

/** Four fifths of the limit, and 0.6 of fio's rate: the budgets of reads with all on one machine. */
const SEQUENTIAL_FACTOR = 1.25;
const RANDOM_FACTOR = 1.67;

/**
 * A service does a few ten thousand operations before all that matters is compiled. A round of reading in order has 512, and
 * takes a fifth of a second; others are longer, or have more.
 */
const WARM_ROUNDS = 2;
const WARM_ROUNDS_IN_ORDER = 6;

const TITLES: Readonly<Record<FsOperation, string>> = {
  "sequential-write": "MiB written from front to back in pieces of 1 MiB, then synced",
  "sequential-read": "MiB read from front to back in pieces of 1 MiB",
  "random-read": "reads of 4 KiB anywhere in a file",
  "random-write": "writes of 4 KiB anywhere in a file, with a sync after those that are under way at once",
  "small-files": "files of 8 KiB made, written, read and removed, 16 at once",
  "data-loader": "samples of 2 KiB to 2 MiB from files all over, 256 in a batch",
  "checkpoint-save": "MiB written and synced by 16 writers at once",
  "checkpoint-load": "MiB read by 16 readers at once",
};

function benchmark(work: FsWork): Benchmark {
  const ours = [...OURS].map(([name, settings]) => ourSide(name, work, settings));
  const limits = limitsOf(work);
  const [first] = limits;
  return {
    name: nameOf(work),
    title: titleOf(work),
    sides: [...limits, ...ours],
    comparisons: ours.flatMap(({ name }): readonly Comparison[] =>
      limits.map(({ name: against }) => ({
        side: name,
        against,
        budget: against === first!.name && name === "1 replica" ? budgetOf(work) : null,
      })),
    ),
    operations: (context) => operationsOf(work, context),
    tellSteps: true,
    warmRounds: work.operation === "sequential-read" ? WARM_ROUNDS_IN_ORDER : WARM_ROUNDS,
  };
}

/** The first is what budgets are held against. */
function limitsOf(work: FsWork): readonly Side[] {
  const { operation } = work;
  const kernel = kernelSide(KERNEL, work);
  if (operation === "small-files" || operation === "data-loader") return [kernel];
  const fio = fioSide(FIO, work);
  if (operation.startsWith("random")) return [fio, kernel];
  return [fio, kernel, memorySide(MEMORY, work), loopbackSide(LOOPBACK, work)];
}

function budgetOf({ operation }: FsWork): Comparison["budget"] {
  if (operation === "sequential-read") return { kind: "ratio", max: SEQUENTIAL_FACTOR };
  return operation === "random-read" ? { kind: "ratio", max: RANDOM_FACTOR } : null;
}

function titleOf(work: FsWork): string {
  const { operation, files, depth } = work;
  if (operation.startsWith("sequential")) return `${TITLES[operation]}, ${files} files at once`;
  return operation.startsWith("random") ? `${TITLES[operation]}, ${depth} at once` : TITLES[operation];
}

export const fsSuite: Suite = {
  name: "fs",
  benchmarks: WORKS.map(benchmark),
  about: (context) =>
    `under ${context.scratchDir}, ${formatBytes(bytesOf(WORKS[0]!, context))} a round; ` +
    "what was written is durable when it is counted; all replicas share the disk",
  notes: [
    "copies of a byte that is written: into the client's memory that is sent, to the first replica, from there to the disk " +
      "and to the next, from the same memory. Of one that is read: from the disk into memory that is sent, to the reader's " +
      "memory (below 64 KiB, and what was read ahead, once more). From one process to another it is one copy from 128 KiB on, " +
      "through shared memory, and two below, through a socket.",
  ],
  async prepare({ scratchDir }) {
    await mkdir(scratchDir, { recursive: true });
  },
};
