/** What the sides of a metadata benchmark do: so many operations, so many in flight, on names that all sides share. */
import type { BenchContext } from "../../harness/benchmark.ts";

export type MetaOperation =
  /** New files, all in one directory. */
  | "create-one"
  /** New files, spread over {@link DIRECTORIES}. */
  | "create-many"
  | "rename"
  | "stat"
  /** Many paths in one question. */
  | "stat-batch"
  /** Whole directories of {@link LISTED} files. */
  | "readdir";

/** As in peers/files.c and peers/files_sqlite.c. */
export const DIRECTORIES = 256;
export const LISTED = 1000;
/** Paths in a question of `stat-batch`. */
export const BATCH = 100;

export interface MetaWork {
  readonly operation: MetaOperation;
  readonly inFlight: number;
}

export const IN_FLIGHT: readonly number[] = [1, 16, 64, 256];

export function isChange({ operation }: MetaWork): boolean {
  return operation === "create-one" || operation === "create-many" || operation === "rename";
}

/** Into how many directories of a round the files go. */
export function directoriesOf({ operation }: MetaWork): number {
  if (operation === "create-one") return 1;
  return operation === "rename" ? 2 : DIRECTORIES;
}

/** A hundredth of the work shows that it runs. */
const QUICK_FACTOR = 100;

/** Operations of a round. Files, also where a question is about many; directories for `readdir`. */
export function operationsOf(work: MetaWork, { quick }: BenchContext): number {
  const operations = fullOperations(work);
  return quick ? operations / QUICK_FACTOR : operations;
}

/** Enough for about half a second on a fast machine. */
function fullOperations({ operation, inFlight }: MetaWork): number {
  switch (operation) {
    case "stat":
      return inFlight === 1 ? 5_000 : 20_000;
    case "stat-batch":
      return 40_000;
    case "readdir":
      return 200;
    case "create-one":
    case "create-many":
    case "rename":
      return ({ 1: 500, 16: 4_000, 64: 8_000 } as Readonly<Record<number, number>>)[inFlight] ?? 12_800;
    default:
      return operation satisfies never;
  }
}

/** What is told per second: entries where directories are listed, operations elsewhere. */
export function countOf(work: MetaWork, context: BenchContext): number {
  return operationsOf(work, context) * (work.operation === "readdir" ? LISTED : 1);
}

export function checkOf(work: MetaWork, context: BenchContext): string {
  return `${operationsOf(work, context)} of ${work.operation}`;
}

/** `inFlight` workers that take the next number until all have been taken. */
export async function runAll(
  count: number,
  inFlight: number,
  one: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, worker));
}
