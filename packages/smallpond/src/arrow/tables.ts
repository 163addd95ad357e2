/** Arrow tables out of results and into tables. */
import type { DuckDBResult } from "@duckdb/node-api";
import { PondError } from "@smallpond/base";
import type { RecordBatch, Table } from "apache-arrow";
import type { DatabaseConnection } from "../duckdb/database.ts";

export async function* arrowBatches(
  _result: DuckDBResult,
  _options: { readonly batchRows: number },
): AsyncGenerator<Table> {
  throw new PondError("TODO", { kind: "internal", message: "arrow" });
}

export async function arrowTable(_result: DuckDBResult): Promise<Table> {
  throw new PondError("TODO", { kind: "internal", message: "arrow" });
}

export async function createArrowTable(
  _connection: DatabaseConnection,
  _name: string,
  _table: unknown,
  _what: string,
  _options: { readonly temporary: boolean },
): Promise<void> {
  throw new PondError("TODO", { kind: "internal", message: "arrow" });
}

/** The batches of a table. */
export function tableBatches(table: Table): readonly RecordBatch[] {
  return table.batches;
}
