/** The other side: one DuckDB and a JavaScript loop in one process, as a person would write it with the client alone. */
import { rm } from "node:fs/promises";
import {
  BIGINT,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
} from "@duckdb/node-api";
import type { BenchContext, OpenSide, Outcome, Side } from "../../harness/benchmark.ts";
import { type DataPaths, dataPaths } from "../smallpond/data.ts";
import { openPlain } from "../smallpond/plain.ts";

export interface LoopRound {
  readonly paths: DataPaths;
  /** Reads; another one writes, because a second statement on a connection ends its stream. */
  readonly input: DuckDBConnection;
  readonly output: DuckDBConnection;
  readonly target: string;
}

export function loop(
  name: string,
  work: (round: LoopRound) => Promise<string>,
  prepare: (connection: DuckDBConnection) => void = () => {},
): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const { instance, connection: input } = await openPlain(context, context.threads);
      const output = await instance.connect();
      prepare(input);
      const paths = dataPaths(context);
      const target = (round: number): string => `${context.scratchDir}/loop-${process.pid}-${round}.parquet`;
      return {
        async run(round): Promise<Outcome> {
          return { check: await work({ paths, input, output, target: target(round) }) };
        },
        tidy: (round) => rm(target(round), { force: true }),
        async close() {
          input.closeSync();
          output.closeSync();
          await Promise.resolve();
        },
      };
    },
  };
}

/** A table of `id` and `total` that is filled and then written. */
export async function written(
  { output, target }: LoopRound,
  fill: (appender: DuckDBAppender) => Promise<void>,
): Promise<string> {
  await output.run("CREATE OR REPLACE TEMP TABLE totals (id BIGINT, total DOUBLE)");
  const appender = await output.createAppender("totals", "main", "temp");
  await fill(appender);
  appender.flushSync();
  appender.closeSync();
  const result = await output.runAndReadAll(
    `COPY totals TO '${target}' (FORMAT parquet, COMPRESSION lz4_raw)`,
  );
  return `${String(result.getRowObjectsJS()[0]?.Count)} rows`;
}

export function newChunk(): DuckDBDataChunk {
  return DuckDBDataChunk.create([BIGINT, DOUBLE]);
}

/** A vector's own array, which the client keeps to itself: reading it value by value would be what is measured. */
interface Items<T> {
  readonly items: T;
  flush(): void;
}

/** The numbers of a chunk of `id` and `amount`. */
export function numbersOf(chunk: DuckDBDataChunk): {
  readonly ids: BigInt64Array;
  readonly amounts: Float64Array;
} {
  const [ids, amounts] = vectorsOf(chunk);
  return { ids: ids.items, amounts: amounts.items };
}

/** Writes numbers to a chunk of `id` and `total`. */
export function setNumbers(chunk: DuckDBDataChunk, ids: BigInt64Array, totals: Float64Array): void {
  const [first, second] = vectorsOf(chunk);
  first.items.set(ids);
  second.items.set(totals);
  first.flush();
  second.flush();
}

function vectorsOf(chunk: DuckDBDataChunk): [Items<BigInt64Array>, Items<Float64Array>] {
  return [chunk.getColumnVector(0) as never, chunk.getColumnVector(1) as never];
}
