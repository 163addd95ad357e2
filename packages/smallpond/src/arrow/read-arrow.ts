/** Arrow tables that a function returned as plain buffers of the columns that all of them must have. */
import type { DuckDBType } from "@duckdb/node-api";
import type { Field, Table } from "apache-arrow";
import type { Column } from "../duckdb/schema.ts";
import { typeText } from "../duckdb/type-text.ts";
import type { ColumnData } from "../duckdb/values/column-data.ts";
import { Misfit, valueError } from "../duckdb/values/errors.ts";
import { checkNames } from "../duckdb/values/infer-type.ts";
import { expectArrow } from "./is-arrow.ts";
import { type Reader, readerFor } from "./readers.ts";
import { columnOf } from "./table-from-arrow.ts";

interface ExpectedColumn {
  readonly name: string;
  readonly tree: DuckDBType;
}

/** The columns of Arrow data by themselves. */
export function schemaOfArrow(table: unknown, what: string): Column[] {
  expectArrow(table, what);
  const columns = table.schema.fields.map(columnOf);
  if (columns.length === 0) throw valueError("NO_COLUMNS", `${what} has no columns`);
  checkNames(
    columns.map(({ name }) => name),
    "column",
  );
  return columns.map(({ name, type }) => ({ name, type: typeText(type) }));
}

/**
 * The table's rows, a piece per batch of it. The buffers are copies, for whoever made the table may use its own again;
 * except `kept` ones, which are known to stay as they are.
 *
 * @throws UNKNOWN_COLUMN, TYPE_CONFLICT or VALUE_DOES_NOT_FIT when it is not what is expected.
 */
export function readArrow(
  table: unknown,
  expected: readonly ExpectedColumn[],
  { what, kept }: { readonly what: string; readonly kept: ReadonlySet<ArrayBufferLike> },
): ColumnData[][] {
  expectArrow(table, what);
  const own = (bytes: Uint8Array): Uint8Array => (kept.has(bytes.buffer) ? bytes : bytes.slice());
  const readers = readersOf(table, expected, what);
  return table.batches.map((batch) =>
    readers.map(({ read, index }) => {
      try {
        return copied(read(batch.data.children[index]!, 0, batch.numRows), own);
      } catch (error) {
        if (!(error instanceof Misfit)) throw error;
        const name = table.schema.fields[index]!.name;
        const message = `${what} has a value in "${String(name)}" that is not as it should be: ${error.message}`;
        throw valueError("VALUE_DOES_NOT_FIT", message, { column: String(name) }, error.hint);
      }
    }),
  );
}

/** By name, in the order that is expected. */
function readersOf(
  table: Table,
  expected: readonly ExpectedColumn[],
  what: string,
): readonly { readonly read: Reader; readonly index: number }[] {
  const fields = table.schema.fields as readonly Field[];
  const readers = expected.flatMap(({ name, tree }) => {
    const index = fields.findIndex((field) => field.name === name);
    const read = index === -1 ? undefined : readerFor(fields[index]!, tree);
    return read === undefined ? [] : [{ read, index }];
  });
  if (readers.length === expected.length && fields.length === expected.length) return readers;
  const found = fields.map((field) => `${field.name} ${field.type}`).join(", ");
  const wanted = expected.map(({ name, tree }) => `${name} ${typeText(tree)}`).join(", ");
  throw valueError("TYPE_CONFLICT", `${what} has the columns (${found}) instead of (${wanted})`);
}

function copied(column: ColumnData, own: (bytes: Uint8Array) => Uint8Array): ColumnData {
  switch (column.kind) {
    case "fixed":
      return { ...column, data: own(column.data) };
    case "bytes":
      return { ...column, bytes: own(column.bytes) };
    case "list":
    case "array":
      return { ...column, child: copied(column.child, own) };
    case "struct":
      return { ...column, children: column.children.map((child) => copied(child, own)) };
  }
}

/** The buffers of a table's fixed-width and string columns. */
export function buffersOf(table: Table): Set<ArrayBufferLike> {
  const values = table.batches.flatMap((batch) =>
    batch.data.children.map((child) => child.values as unknown),
  );
  return new Set(values.flatMap((one) => (ArrayBuffer.isView(one) ? [one.buffer] : [])));
}
