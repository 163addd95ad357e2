/** The other side: one DuckDB with the same threads and memory, and the SQL a person would write. */
import { mkdir, rm } from "node:fs/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { BenchContext, OpenSide, Outcome, Side } from "../../harness/benchmark.ts";
import { type DataPaths, dataPaths } from "./data.ts";

export interface PlainRound {
  readonly paths: DataPaths;
  readonly context: BenchContext;
  /** A path for output that does not exist and is removed after the round. */
  readonly target: string;
  /** All rows as JavaScript values, as `takeAll` gives them. */
  rows(sql: string): Promise<Record<string, unknown>[]>;
}

export function plain(
  name: string,
  work: (round: PlainRound) => Promise<string>,
  settings: { readonly threads?: number } = {},
): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const { connection } = await openPlain(context, settings.threads ?? context.threads);
      const paths = dataPaths(context);
      const target = (round: number): string => `${context.scratchDir}/plain-${process.pid}-${round}`;
      const rows = async (sql: string): Promise<Record<string, unknown>[]> =>
        (await connection.runAndReadAll(sql)).getRowObjectsJS();
      return {
        async run(round): Promise<Outcome> {
          return { check: await work({ paths, context, target: target(round), rows }) };
        },
        async tidy(round) {
          await rm(target(round), { recursive: true, force: true });
          await rm(`${target(round)}.parquet`, { force: true });
        },
        close: () => Promise.resolve(connection.closeSync()),
      };
    },
  };
}

/** A session gives DuckDB half of its memory, so half is what the plain one gets. */
export async function openPlain(
  context: BenchContext,
  threads: number,
): Promise<{ readonly instance: DuckDBInstance; readonly connection: DuckDBConnection }> {
  const temp = `${context.scratchDir}/plain-temp-${process.pid}`;
  await mkdir(temp, { recursive: true });
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(threads),
    memory_limit: `${Math.floor(context.memoryBytes / 2 / 1024)}KiB`,
    temp_directory: temp,
  });
  return { instance, connection: await instance.connect() };
}

/** `read_parquet([…])`. */
export function parquet(files: readonly string[]): string {
  return `read_parquet([${files.map((file) => `'${file}'`).join(", ")}])`;
}

/** Rows that a COPY says it wrote. */
export function copied(rows: readonly Record<string, unknown>[]): string {
  return `${String(rows[0]?.Count)} rows`;
}
