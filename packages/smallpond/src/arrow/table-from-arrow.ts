/** Arrow tables and record batches into a new DuckDB table. */
import {
  ARRAY,
  type DuckDBArrayType,
  type DuckDBConnection,
  type DuckDBListType,
  type DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBUnionType,
  DuckDBTypeId as Id,
  INTEGER,
  LIST,
  MAP,
} from "@duckdb/node-api";
import { assert } from "@smallpond/base";
import type { Data, Field, RecordBatch, Schema, Table } from "apache-arrow";
import { isUnnamedStruct, typeText } from "../duckdb/type-text.ts";
import type { ColumnData } from "../duckdb/values/column-data.ts";
import { Misfit, misfitError, valueError } from "../duckdb/values/errors.ts";
import { checkNames } from "../duckdb/values/infer-type.ts";
import {
  CHUNK_ROWS,
  createTable,
  type TableTarget,
  type TableWriter,
} from "../duckdb/values/table-writer.ts";
import { positionName } from "./arrow-types.ts";
import { declaredTypeOf } from "./metadata.ts";
import { naturalType } from "./natural-types.ts";
import { type Reader, readerFor } from "./readers.ts";

/** A whole table, or batches that all have the schema of the first. */
export type ArrowSource = Table | Iterable<RecordBatch> | AsyncIterable<RecordBatch>;

/**
 * Creates a table of the Arrow data. Field metadata `duckdb:type`, as our own exports have it, restores the DuckDB type
 * exactly; metadata that does not go with the data any more is ignored. Other fields get the DuckDB type that is
 * nearest without loss. When a value does not fit, the error names column and row, and there is no table.
 */
export async function createTableFromArrow(
  connection: DuckDBConnection,
  table: string | TableTarget,
  source: ArrowSource,
): Promise<void> {
  const target = typeof table === "string" ? { name: table } : table;
  const { schema, batches } = await opened(source);
  const columns = schema.fields.map(columnOf);
  if (columns.length === 0) throw valueError("NO_COLUMNS", "the Arrow data has no columns");
  const names = columns.map(({ name }) => name);
  checkNames(names, "column");
  const definitions = columns.map(({ name, type }) => ({ name, type: typeText(type) }));
  await createTable(connection, target, definitions, async (writer) => {
    let row = 0;
    for await (const batch of batches) {
      checkSchema(batch.schema, names);
      writeBatch(writer, columns, batch, row);
      row += batch.numRows;
    }
  });
}

export interface ArrowColumn {
  readonly name: string;
  readonly type: DuckDBType;
  readonly read: Reader;
}

/** What a field becomes by itself. */
export function columnOf(field: Field): ArrowColumn {
  const name = String(field.name);
  const declared = declaredTypeOf(field.metadata);
  const asDeclared = declared === undefined ? undefined : readerFor(field, declared);
  if (declared !== undefined && asDeclared !== undefined) {
    return { name, type: storableType(declared), read: asDeclared };
  }
  const type = naturalType(field, name);
  const read = readerFor(field, type);
  assert(read !== undefined, `there is a reader of Arrow's ${field.type} as ${type}`);
  return { name, type, read };
}

/** A table's columns have no unnamed structs and no type of nothing but NULL. */
function storableType(type: DuckDBType): DuckDBType {
  switch (type.typeId) {
    case Id.SQLNULL:
      return INTEGER;
    case Id.LIST:
      return LIST(storableType((type as DuckDBListType).valueType));
    case Id.ARRAY:
      return ARRAY(storableType((type as DuckDBArrayType).valueType), (type as DuckDBArrayType).length);
    case Id.MAP:
      return MAP(
        storableType((type as DuckDBMapType).keyType),
        storableType((type as DuckDBMapType).valueType),
      );
    case Id.STRUCT: {
      const { entryNames, entryTypes } = type as DuckDBStructType;
      const unnamed = isUnnamedStruct(type as DuckDBStructType);
      const names = unnamed ? entryNames.map((_, index) => positionName(index)) : entryNames;
      return new DuckDBStructType(names, entryTypes.map(storableType));
    }
    case Id.UNION: {
      const { memberTags, memberTypes } = type as DuckDBUnionType;
      return new DuckDBUnionType(memberTags, memberTypes.map(storableType));
    }
    default:
      return type;
  }
}

/** The schema, looking ahead by one batch if need be, and all batches. */
async function opened(
  source: ArrowSource,
): Promise<{ schema: Schema; batches: Iterable<RecordBatch> | AsyncIterable<RecordBatch> }> {
  if ("schema" in source && "batches" in source) return { schema: source.schema, batches: source.batches };
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const first = await iterator.next();
  if (first.done === true) {
    const hint = "pass a Table, which has a schema also without batches";
    throw valueError("NO_COLUMNS", "there is no Arrow batch to take the columns from", {}, hint);
  }
  return { schema: first.value.schema, batches: resumed(first.value, iterator) };
}

async function* resumed(
  first: RecordBatch,
  iterator: Iterator<RecordBatch> | AsyncIterator<RecordBatch>,
): AsyncGenerator<RecordBatch, void> {
  let finished = false;
  try {
    yield first;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) {
        finished = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (!finished) await iterator.return?.();
  }
}

function checkSchema(schema: Schema, names: readonly string[]): void {
  const own = schema.fields.map(({ name }) => String(name));
  if (own.length === names.length && own.every((name, index) => name === names[index])) return;
  const message = `a batch has the columns ${own.join(", ")}, but the first one had ${names.join(", ")}`;
  throw valueError("UNKNOWN_COLUMN", message, {}, "pass batches of one schema");
}

function writeBatch(
  writer: TableWriter,
  columns: readonly ArrowColumn[],
  batch: RecordBatch,
  firstRow: number,
): void {
  for (let start = 0; start < batch.numRows; start += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, batch.numRows - start);
    const read = columns.map((column, index) =>
      readRows(column, batch.data.children[index]!, start, count, firstRow),
    );
    writer.write(read);
  }
}

/** Reads the rows; when one does not fit, looks for it. */
function readRows(
  column: ArrowColumn,
  data: Data,
  start: number,
  count: number,
  firstRow: number,
): ColumnData {
  try {
    return column.read(data, start, count);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const rows = Array.from({ length: count }, (_, row) => start + row);
    const row = rows.find((candidate) => !fits(column, data, candidate));
    const place = row === undefined ? {} : { row: firstRow + row };
    throw misfitError(error, typeText(column.type), { column: column.name, ...place });
  }
}

function fits(column: ArrowColumn, data: Data, row: number): boolean {
  try {
    column.read(data, row, 1);
    return true;
  } catch {
    return false;
  }
}
