/** Columns of a chunk into row objects. */
import type { DuckDBType } from "@duckdb/node-api";
import type { ColumnData } from "./column-data.ts";
import { type BigintReader, decodeColumn } from "./decode.ts";
import { quoted, valueError } from "./errors.ts";
import type { JsValue, Row } from "./js-value.ts";

export interface RowOptions {
  /**
   * What integers of 64 and 128 bits become. `bigint` (default) is always exact. `number` is handier for arithmetic and
   * JSON; a value that a number cannot hold exactly is an error with code UNSAFE_INTEGER. BIGNUM stays bigint.
   */
  readonly int64?: "bigint" | "number";
}

/** Turns chunks of one result into rows. */
export interface RowConverter {
  /** The keys of the rows; see {@link uniqueNames}. */
  readonly columnNames: readonly string[];
  /** All rows of a chunk. They share nothing with it. */
  rows(columns: readonly ColumnData[]): Row[];
}

/** A converter for chunks with these columns. */
export function rowConverter(
  columnNames: readonly string[],
  columnTypes: readonly DuckDBType[],
  options: RowOptions = {},
): RowConverter {
  const names = uniqueNames(columnNames);
  const integers = names.map((name) => (options.int64 === "number" ? safeIntegers(name) : undefined));
  const assemble = rowAssembler(names);
  const rows = (columns: readonly ColumnData[]): Row[] =>
    assemble(
      columns.map((column, index) => decodeColumn(column, columnTypes[index]!, integers[index])),
      columns[0]?.length ?? 0,
    );
  return { columnNames: names, rows };
}

/** Names made unique as DuckDB's CREATE TABLE AS does: a second `a` becomes `a_1`. */
export function uniqueNames(names: readonly string[]): readonly string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name) => {
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    let suffix = 1;
    while (taken.has(`${name}_${suffix}`)) suffix++;
    taken.add(`${name}_${suffix}`);
    return `${name}_${suffix}`;
  });
}

/** Integers as numbers, refused when a number cannot hold them. */
export function safeIntegers(column: string): BigintReader {
  return (value) => {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    const message = `column ${quoted(column)} holds ${value}, which a JavaScript number cannot hold exactly`;
    const hint = 'leave int64 at "bigint", or cast the column to DOUBLE or VARCHAR in the query';
    throw valueError("UNSAFE_INTEGER", message, { column, value: String(value) }, hint);
  };
}

type RowAssembler = (columns: readonly (readonly JsValue[])[], rowCount: number) => Row[];

function rowAssembler(names: readonly string[]): RowAssembler {
  const special = names.indexOf("__proto__");
  return (columns, rowCount) => {
    const rows = new Array<Row>(rowCount);
    for (let row = 0; row < rowCount; row++) {
      const object: Row = {};
      for (let index = 0; index < names.length; index++) {
        if (index === special) defineField(object, names[index]!, columns[index]![row]!);
        else object[names[index]!] = columns[index]![row]!;
      }
      rows[row] = object;
    }
    return rows;
  };
}

/** A column called `__proto__` is a field and not the prototype. */
function defineField(row: Row, name: string, value: JsValue): void {
  Object.defineProperty(row, name, { value, writable: true, enumerable: true, configurable: true });
}
