/** Rows as JavaScript objects, out of a result and into a table. */
import type { DuckDBResult } from "@duckdb/node-api";
import type { DatabaseConnection } from "./database.ts";
import { duckdbError } from "./errors.ts";
import type { Row } from "./values/js-value.ts";
import { loadRows } from "./values/load-rows.ts";
import { rowsOfResult } from "./values/rows-of-result.ts";

export interface RowOptions {
  /** What BIGINT and wider are in rows; see `docs/types.md`. */
  readonly int64: "bigint" | "number";
}

/** Batches of up to 2,048 rows, in order, read as they are asked for. */
export async function* rowBatches(result: DuckDBResult, options: RowOptions): AsyncGenerator<Row[], void> {
  try {
    yield* rowsOfResult(result, options);
  } catch (error) {
    throw duckdbError(error, "");
  }
}

export interface RowTableOptions {
  /** Column name to DuckDB type; inferred from all rows when null. */
  readonly schema: Readonly<Record<string, string>> | null;
  /** Whether only this connection sees the table, until it closes. */
  readonly temporary: boolean;
}

/** Creates a table of these rows. A value that does not fit is an error that names column and row. */
export async function createRowTable(
  connection: DatabaseConnection,
  name: string,
  rows: readonly Row[],
  { schema, temporary }: RowTableOptions,
): Promise<void> {
  await loadRows(connection.raw, { name, temporary }, rows, schema ?? undefined);
}
