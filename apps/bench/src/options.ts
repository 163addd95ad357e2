/** The command line of the benchmarks. */
import { cpus, totalmem } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { BenchContext } from "./harness/benchmark.ts";

export const USAGE = `usage: npm run bench -- [suite …] [options]

  --only a,b     benchmarks by name
  --quick        small data and two rounds: to see that everything runs, not to compare
  --rows N       rows of the generated data (20 million; quick: 200,000)
  --rounds N     measured rounds (5; quick: 2)
  --files N      the largest file system of the suite meta-growth (1 million; quick: 10,000)
  --loader-files N  what the data loader of the suite fs draws from (1,000; quick: 64)
  --checkpoint-mib N  what each of 16 writers of the suite fs saves (16; quick: 1)
  --tasks N      tasks of the task overhead benchmark (500; quick: 40)
  --threads N    threads of every side (the machine's cores)
  --data DIR     where generated data is kept (.bench)
  --scratch DIR  where output goes and is removed again (inside --data; /dev/shm takes the disk out of the ratios)
  --json FILE    the results for machines
  --peers        the suite peers: Python smallpond on Ray, over the same files
  --help`;

export interface BenchOptions {
  readonly suites: readonly string[];
  readonly only: readonly string[] | null;
  readonly rounds: number;
  readonly json: string | null;
  readonly help: boolean;
  readonly context: BenchContext;
}

const MEMORY_BYTES_MAX = 8 * 2 ** 30;

export function parseOptions(args: readonly string[], root: string): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      rows: { type: "string" },
      rounds: { type: "string" },
      tasks: { type: "string" },
      files: { type: "string" },
      "loader-files": { type: "string" },
      "checkpoint-mib": { type: "string" },
      threads: { type: "string" },
      data: { type: "string" },
      scratch: { type: "string" },
      json: { type: "string" },
      peers: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { quick } = values;
  const dataDir = resolve(values.data ?? `${root}/.bench`);
  return {
    suites: positionals.length > 0 ? positionals : [values.peers ? "peers" : "smallpond"],
    only: values.only?.split(",") ?? null,
    rounds: positive("rounds", values.rounds, quick ? 2 : 5),
    json: values.json === undefined ? null : resolve(values.json),
    help: values.help,
    context: {
      dataDir,
      scratchDir: `${resolve(values.scratch ?? dataDir)}/pond-bench-${process.pid}`,
      rows: positive("rows", values.rows, quick ? 200_000 : 20_000_000),
      tasks: positive("tasks", values.tasks, quick ? 40 : 500),
      files: positive("files", values.files, quick ? 10_000 : 1_000_000),
      quick,
      threads: positive("threads", values.threads, cpus().length),
      loaderFiles: positive("loader-files", values["loader-files"], quick ? 64 : 1000),
      checkpointBytes: positive("checkpoint-mib", values["checkpoint-mib"], 16) * 2 ** 20,
      memoryBytes: Math.min(MEMORY_BYTES_MAX, Math.floor(totalmem() * 0.6)),
    },
  };
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text.replaceAll("_", ""));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} must be a whole number above 0, got ${text}`);
}
