/** Creates a table and fills it from plain buffers, a chunk at a time. */
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBLogicalType,
  type DuckDBType,
} from "@duckdb/node-api";
import bindings from "@duckdb/node-bindings";
import { quoteName } from "../text.ts";
import type { ColumnData } from "./column-data.ts";
import { writeColumn } from "./write-vector.ts";

/** Where a new table goes. */
export interface TableTarget {
  readonly name: string;
  /** Default: the connection's current schema, or `main` for a temporary table. */
  readonly schema?: string;
  /** Gone when the connection closes, and seen by it alone. Default false. */
  readonly temporary?: boolean;
  /** Replace a table of that name. Default false: an existing one is an error. */
  readonly replace?: boolean;
}

export interface TableColumn {
  readonly name: string;
  /** As DuckDB reads it. */
  readonly type: string;
}

/** Rows per chunk that DuckDB takes. */
export const CHUNK_ROWS: number = bindings.vector_size();

/**
 * Creates the table, lets `fill` write it, and drops it again when `fill` throws. Inside a transaction of the caller
 * everything is part of that transaction.
 */
export async function createTable(
  connection: DuckDBConnection,
  target: TableTarget,
  columns: readonly TableColumn[],
  fill: (writer: TableWriter) => Promise<void>,
): Promise<void> {
  const path = tablePath(target);
  const definitions = columns.map(({ name, type }) => `${quoteName(name)} ${type}`).join(", ");
  const create = target.replace === true ? "CREATE OR REPLACE" : "CREATE";
  const temporary = target.temporary === true ? " TEMPORARY" : "";
  await connection.run(`${create}${temporary} TABLE ${path} (${definitions})`);
  let writer: TableWriter | undefined;
  try {
    writer = await openWriter(connection, target, path);
    await fill(writer);
    writer.close();
  } catch (error) {
    writer?.abandon();
    await connection.run(`DROP TABLE IF EXISTS ${path}`).catch(() => undefined);
    throw error;
  }
}

/** Appends columns to a table. */
export class TableWriter {
  /** The table's own column types, which the columns written must have. */
  readonly types: readonly DuckDBType[];
  readonly #appender: DuckDBAppender;
  readonly #chunk: DuckDBDataChunk;

  constructor(appender: DuckDBAppender, logicalTypes: readonly DuckDBLogicalType[]) {
    this.#appender = appender;
    this.types = logicalTypes.map((type) => type.asType());
    this.#chunk = new DuckDBDataChunk(
      bindings.create_data_chunk(logicalTypes.map((type) => type.logical_type)),
    );
  }

  /** Appends rows [start, start + count) of all columns; at most {@link CHUNK_ROWS} of them. */
  writeChunk(start: number, count: number, column: (index: number) => ColumnData): void {
    if (count === 0) return;
    this.#chunk.reset();
    this.types.forEach((type, index) => {
      writeColumn(this.#chunk, index, type, column(index), { start, count });
    });
    this.#chunk.rowCount = count;
    this.#appender.appendDataChunk(this.#chunk);
  }

  /** Appends all rows of the columns, which have one length. */
  write(columns: readonly ColumnData[]): void {
    const length = columns[0]?.length ?? 0;
    for (let start = 0; start < length; start += CHUNK_ROWS) {
      this.writeChunk(start, Math.min(CHUNK_ROWS, length - start), (index) => columns[index]!);
    }
  }

  close(): void {
    this.#appender.flushSync();
    this.#appender.closeSync();
  }

  /** Throws away what DuckDB has not taken yet; for when something failed already, so it does not throw. */
  abandon(): void {
    try {
      this.#appender.clear();
      this.#appender.closeSync();
    } catch {
      // The appender failed before and says so again.
    }
  }
}

async function openWriter(
  connection: DuckDBConnection,
  target: TableTarget,
  path: string,
): Promise<TableWriter> {
  // The bindings cannot make every logical type (VARIANT, GEOMETRY with a coordinate system), but a result has them.
  const empty = await connection.run(`SELECT * FROM ${path} LIMIT 0`);
  const types = Array.from({ length: empty.columnCount }, (_, index) => empty.columnLogicalType(index));
  const catalog = target.temporary === true ? "temp" : null;
  const schema = target.schema ?? (target.temporary === true ? "main" : null);
  return new TableWriter(await connection.createAppender(target.name, schema, catalog), types);
}

function tablePath(target: TableTarget): string {
  const schema = target.schema === undefined ? [] : [target.schema];
  const parts = target.temporary === true ? ["temp", target.schema ?? "main"] : schema;
  return [...parts, target.name].map(quoteName).join(".");
}
