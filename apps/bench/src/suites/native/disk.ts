/** Direct disk operations against fio and Node's own. */
import type { Benchmark, Comparison } from "../../harness/benchmark.ts";
import { fioSide } from "./fio-side.ts";
import { promisesSide } from "./promises-side.ts";
import { queueSide } from "./queue-side.ts";
import type { Workload } from "./workload.ts";

const KIB = 1024;

/** To be reached at 4 KiB and depth 128: 0.9 of fio's rate, so 1.11 of its time, and twice the rate of `fs.promises`. */
const FIO_FACTOR = 1.11;
const PROMISES_FACTOR = 2;

function disk(workload: Workload, budgeted: boolean): Benchmark {
  const { kind, order, blockBytes, depth, operations } = workload;
  const size = blockBytes >= KIB * KIB ? `${blockBytes / KIB / KIB} MiB` : `${blockBytes / KIB} KiB`;
  const comparisons: Comparison[] = [
    { side: "fs-native", against: "fio", budget: budgeted ? { kind: "ratio", max: FIO_FACTOR } : null },
    {
      side: "fs.promises",
      against: "fs-native",
      budget: budgeted ? { kind: "slower", min: PROMISES_FACTOR } : null,
    },
  ];
  return {
    name: `${kind}-${size.replace(" ", "").toLowerCase()}-${depth}`,
    title: `${operations.toLocaleString("en")} ${order} ${kind}s of ${size}, O_DIRECT, ${depth} at once`,
    sides: [fioSide(workload), queueSide(workload), promisesSide(workload)],
    comparisons,
  };
}

const small = (kind: Workload["kind"], depth: number): Workload => ({
  kind,
  order: "random",
  blockBytes: 4 * KIB,
  depth,
  operations: 60_000,
});

const large = (kind: Workload["kind"]): Workload => ({
  kind,
  order: "sequential",
  blockBytes: KIB * KIB,
  depth: 16,
  operations: 1_024,
});

export const diskBenchmarks: readonly Benchmark[] = [
  disk(small("read", 32), false),
  disk(small("read", 128), true),
  disk(small("write", 32), false),
  disk(small("write", 128), true),
  disk(large("read"), false),
  disk(large("write"), false),
];
