/** Arrow for the rest of smallpond: batches out of results, tables into a connection. */
import type { DuckDBResult } from "@duckdb/node-api";
import { isPondError } from "@smallpond/base";
import { type RecordBatch, Table } from "apache-arrow";
import type { DatabaseConnection } from "../duckdb/database.ts";
import { duckdbError } from "../duckdb/errors.ts";
import { type BatchOptions, recordBatchesFromResult, tableFromResult } from "./batches.ts";
import { IpcFile, type IpcOptions } from "./ipc.ts";
import { expectArrow } from "./is-arrow.ts";
import { createTableFromArrow } from "./table-from-arrow.ts";

/** The result as tables of so many rows each, the last one fewer. Errors of the engine are ours, as everywhere. */
export async function* arrowBatches(
  result: DuckDBResult,
  options: BatchOptions,
): AsyncGenerator<Table, void> {
  try {
    for await (const batch of recordBatchesFromResult(result, options)) yield new Table([batch]);
  } catch (error) {
    throw duckdbError(error, "");
  }
}

/** The result as record batches. */
export async function* recordBatches(
  result: DuckDBResult,
  options: BatchOptions,
): AsyncGenerator<RecordBatch, void> {
  try {
    yield* recordBatchesFromResult(result, options);
  } catch (error) {
    throw duckdbError(error, "");
  }
}

/** A new file in an IPC format for batches of a result. */
export function ipcFile(result: DuckDBResult, options: IpcOptions): IpcFile {
  return new IpcFile(result, options);
}

/** All rows of the result as one table. */
export async function arrowTable(result: DuckDBResult): Promise<Table> {
  try {
    return await tableFromResult(result);
  } catch (error) {
    throw duckdbError(error, "");
  }
}

/** Creates a table of what somebody says is Arrow data. `what` names it in errors. */
export async function createArrowTable(
  connection: DatabaseConnection,
  name: string,
  table: unknown,
  what: string,
  options: { readonly temporary: boolean },
): Promise<void> {
  expectArrow(table, what);
  try {
    await createTableFromArrow(connection.raw, { name, temporary: options.temporary }, table);
  } catch (error) {
    throw isPondError(error) ? error : duckdbError(error, what);
  }
}

export { buffersOf, readArrow, schemaOfArrow } from "./read-arrow.ts";

/** The batches of a table. */
export function tableBatches(table: Table): readonly RecordBatch[] {
  return table.batches;
}
