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
import { typeText } from "../type-text.ts";
import type { ColumnData } from "./column-data.ts";
import { Misfit, misfitError } from "./errors.ts";
import { type RowRange, writeColumn } from "./write-vector.ts";

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
  readonly #names: readonly string[];
  readonly #appender: DuckDBAppender;
  readonly #chunk: DuckDBDataChunk;
  #rows = 0;

  constructor(
    appender: DuckDBAppender,
    names: readonly string[],
    logicalTypes: readonly DuckDBLogicalType[],
  ) {
    this.#appender = appender;
    this.#names = names;
    this.types = logicalTypes.map((type) => type.asType());
    this.#chunk = new DuckDBDataChunk(
      bindings.create_data_chunk(logicalTypes.map((type) => type.logical_type)),
    );
  }

  /** Appends all rows of the columns, which have one length. */
  write(columns: readonly ColumnData[]): void {
    const length = columns[0]?.length ?? 0;
    for (let start = 0; start < length; start += CHUNK_ROWS) {
      this.#writeChunk(columns, { start, count: Math.min(CHUNK_ROWS, length - start) });
    }
  }

  #writeChunk(columns: readonly ColumnData[], range: RowRange): void {
    this.#chunk.reset();
    columns.forEach((column, index) => {
      try {
        writeColumn(this.#chunk, index, this.types[index]!, column, range);
      } catch (error) {
        throw error instanceof Misfit ? this.#located(error, index, column, range) : error;
      }
    });
    this.#chunk.rowCount = range.count;
    this.#appender.appendDataChunk(this.#chunk);
    this.#rows += range.count;
  }

  /** Looks for the row that cannot be written. The chunk is spoilt afterwards. */
  #located(misfit: Misfit, index: number, column: ColumnData, { start, count }: RowRange): Error {
    const type = this.types[index]!;
    const rows = Array.from({ length: count }, (_, row) => row);
    const found = rows.find((row) => {
      this.#chunk.reset();
      try {
        writeColumn(this.#chunk, index, type, column, { start: start + row, count: 1 });
        return false;
      } catch {
        return true;
      }
    });
    const place = found === undefined ? {} : { row: this.#rows + found };
    return misfitError(misfit, typeText(type), { column: this.#names[index]!, ...place });
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
  const appender = await connection.createAppender(target.name, schema, catalog);
  return new TableWriter(appender, empty.columnNames(), types);
}

function tablePath(target: TableTarget): string {
  const schema = target.schema === undefined ? [] : [target.schema];
  const parts = target.temporary === true ? ["temp", target.schema ?? "main"] : schema;
  return [...parts, target.name].map(quoteName).join(".");
}
