/** A DuckDB result as rows. */
import type { DuckDBResult } from "@duckdb/node-api";
import type { Row } from "./js-value.ts";
import { type RowOptions, rowConverter } from "./row-converter.ts";

/** The result's rows, a chunk's worth (at most 2048) at a time. Reads no further than it is asked to. */
export async function* rowsOfResult(result: DuckDBResult, options?: RowOptions): AsyncGenerator<Row[], void> {
  const converter = rowConverter(result.columnNames(), result.columnTypes(), options);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield converter.rows(chunk);
  }
}

/** All rows of the result. */
export async function allRows(result: DuckDBResult, options?: RowOptions): Promise<Row[]> {
  const batches: Row[][] = [];
  for await (const rows of rowsOfResult(result, options)) batches.push(rows);
  return batches.flat();
}
