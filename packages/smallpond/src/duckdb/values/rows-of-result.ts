/** A DuckDB result as rows. */
import type { DuckDBResult } from "@duckdb/node-api";
import { columnChunks } from "./column-chunks.ts";
import type { Row } from "./js-value.ts";
import { type RowOptions, rowConverter } from "./row-converter.ts";

/** The result's rows, a chunk's worth (at most 2048) at a time. Reads no further than it is asked to. */
export async function* rowsOfResult(result: DuckDBResult, options?: RowOptions): AsyncGenerator<Row[], void> {
  const converter = rowConverter(result.columnNames(), result.columnTypes(), options);
  for await (const columns of columnChunks(result)) yield converter.rows(columns);
}

/** All rows of the result. */
export async function allRows(result: DuckDBResult, options?: RowOptions): Promise<Row[]> {
  const batches: Row[][] = [];
  for await (const rows of rowsOfResult(result, options)) batches.push(rows);
  return batches.flat();
}
