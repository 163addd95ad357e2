/** Row objects into a new DuckDB table. */
import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import { typeText } from "../type-text.ts";
import type { ColumnData } from "./column-data.ts";
import { declaredType } from "./declared-types.ts";
import { encodeColumn } from "./encode.ts";
import { describeValue, Misfit, misfitError, quoted, valueError } from "./errors.ts";
import { inferColumns } from "./infer-columns.ts";
import { checkNames } from "./infer-type.ts";
import {
  CHUNK_ROWS,
  createTable,
  type TableColumn,
  type TableTarget,
  type TableWriter,
} from "./table-writer.ts";

export type InputRow = Readonly<Record<string, unknown>>;

/** Column names and their DuckDB types, in order: `{ id: "BIGINT", tags: "VARCHAR[]" }`. */
export type ColumnTypes = Readonly<Record<string, string>>;

/**
 * Creates a table of the rows. Without `columns`, types are inferred from all rows; with them, every value is checked
 * against its column and keys that are no column are refused. Missing keys, null and undefined are NULL. When a value
 * does not fit, the error names column and row, and there is no table.
 */
export async function loadRows(
  connection: DuckDBConnection,
  table: string | TableTarget,
  rows: readonly InputRow[],
  columns?: ColumnTypes,
): Promise<void> {
  const target = typeof table === "string" ? { name: table } : table;
  const definitions =
    columns === undefined ? inferColumns(rows) : await declaredColumns(connection, rows, columns);
  await createTable(connection, target, definitions, async (writer) => {
    for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
      writeChunk(writer, definitions, rows.slice(start, start + CHUNK_ROWS), start);
    }
  });
}

async function declaredColumns(
  connection: DuckDBConnection,
  rows: readonly InputRow[],
  columns: ColumnTypes,
): Promise<readonly TableColumn[]> {
  const names = Object.keys(columns);
  if (names.length === 0) throw valueError("NO_COLUMNS", "a table needs at least one column");
  checkNames(names, "column");
  const known = new Set(names);
  rows.forEach((row, index) => {
    if (typeof row !== "object" || row === null) {
      const message = `row ${index} is ${describeValue(row)}, not an object of columns`;
      throw valueError("UNSUPPORTED_VALUE", message, { row: index });
    }
    for (const key of Object.keys(row)) {
      if (known.has(key)) continue;
      const message = `row ${index} has a value for ${quoted(key)}, which is no column`;
      throw valueError(
        "UNKNOWN_COLUMN",
        message,
        { column: key, row: index },
        `the columns are ${names.join(", ")}`,
      );
    }
  });
  return Promise.all(
    names.map(async (name) => {
      return { name, type: typeText(await declaredType(connection, columns[name]!, name)) };
    }),
  );
}

function writeChunk(
  writer: TableWriter,
  columns: readonly TableColumn[],
  rows: readonly InputRow[],
  firstRow: number,
): void {
  const encoded = columns.map(({ name }, index) => {
    const values = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : undefined));
    return encodeRows(values, writer.types[index]!, name, firstRow);
  });
  writer.write(encoded);
}

/** Encodes the values; when one does not fit, looks for the row. */
function encodeRows(
  values: readonly unknown[],
  type: DuckDBType,
  column: string,
  firstRow: number,
): ColumnData {
  try {
    return encodeColumn(values, type);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const row = firstRow + values.findIndex((value) => !fits(value, type));
    throw misfitError(error, typeText(type), { column, row });
  }
}

function fits(value: unknown, type: DuckDBType): boolean {
  try {
    encodeColumn([value], type);
    return true;
  } catch {
    return false;
  }
}
