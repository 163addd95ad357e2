import type { BenchContext, Benchmark } from "../../harness/benchmark.ts";
import { FILES } from "../smallpond/data.ts";
import { parquet } from "../smallpond/plain.ts";
import { type Sale, total } from "./functions.ts";
import { loop, newChunk, written } from "./loop.ts";
import { COMPARISONS, computed, LOOP, oursEverywhere } from "./sides.ts";

/** A quarter of the files: row objects take their time. */
const PARTS = FILES / 4;

export const rows: Benchmark = {
  name: "rows",
  title: "map over row objects: a BIGINT and a DOUBLE in, a BIGINT and a computed DOUBLE out, into Parquet",
  rows: rowsOf,
  sides: [
    loop(LOOP, (round) =>
      written(round, async (appender) => {
        const query = `SELECT id, amount FROM ${parquet(round.paths.events.slice(0, PARTS))}`;
        const result = await round.input.stream(query);
        const names = result.columnNames();
        const chunk = newChunk();
        for (
          let next = await result.fetchChunk();
          next !== null && next.rowCount > 0;
          next = await result.fetchChunk()
        ) {
          const returned = next.getRowObjects(names).map((row) => total(row as unknown as Sale));
          chunk.reset();
          chunk.setColumns([returned.map((row) => row.id), returned.map((row) => row.total)]);
          appender.appendDataChunk(chunk);
        }
      }),
    ),
    ...oursEverywhere(({ sp, paths }) => {
      const sales = sp.readParquet<{ id: bigint; amount: number }>(paths.events.slice(0, PARTS));
      return computed(
        sales.select<{ id: bigint; amount: number }>("id", "amount").repartition(PARTS).map(total),
      );
    }),
  ],
  comparisons: COMPARISONS,
};

function rowsOf(context: BenchContext): number {
  return Math.floor((context.rows * PARTS) / FILES);
}
