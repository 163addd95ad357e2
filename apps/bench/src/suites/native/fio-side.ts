/** fio over io_uring with registered files and buffers: the limit that the disk is measured against. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Side } from "../../harness/benchmark.ts";
import { dataFile, FILE_BYTES } from "./data.ts";
import { checkOf, type Workload } from "./workload.ts";

interface FioReport {
  readonly jobs: readonly {
    readonly read: FioDirection;
    readonly write: FioDirection;
  }[];
}

interface FioDirection {
  readonly runtime: number;
  readonly total_ios: number;
}

export function fioSide(workload: Workload): Side {
  return {
    name: "fio",
    open: async (context) => ({
      run: async () => {
        const { stdout } = await promisify(execFile)("fio", fioArguments(workload, dataFile(context)));
        const { runtime, total_ios } = (JSON.parse(stdout) as FioReport).jobs[0]![workload.kind];
        return { check: checkOf({ ...workload, operations: total_ios }), ms: runtime };
      },
      close: () => Promise.resolve(),
    }),
  };
}

function fioArguments({ kind, order, blockBytes, depth, operations }: Workload, path: string): string[] {
  return [
    "--name=side",
    `--filename=${path}`,
    `--size=${FILE_BYTES}`,
    `--rw=${order === "random" ? "rand" : ""}${kind}`,
    `--bs=${blockBytes}`,
    `--iodepth=${depth}`,
    `--io_size=${operations * blockBytes}`,
    "--ioengine=io_uring",
    "--fixedbufs=1",
    "--registerfiles=1",
    "--direct=1",
    "--invalidate=0",
    "--norandommap=1",
    "--output-format=json",
  ];
}
