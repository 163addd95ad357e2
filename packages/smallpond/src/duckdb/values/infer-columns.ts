/** Column names and types of row objects. */
import { typeText } from "../type-text.ts";
import { isPlainObject } from "./coerce.ts";
import { describeValue, quoted, valueError } from "./errors.ts";
import {
  checkNames,
  mergeSketches,
  NOTHING,
  type Sketch,
  SketchConflict,
  sketchOf,
  sketchText,
  sketchType,
} from "./infer-type.ts";

export interface InferredColumn {
  readonly name: string;
  /** As DuckDB reads it. */
  readonly type: string;
  /** Whether some row has no value. */
  readonly nullable: boolean;
}

/**
 * The columns that hold all rows, in the order in which their names appear. All rows are looked at:
 *
 * - numbers are BIGINT if all are safe integers, else DOUBLE; bigints are BIGINT, or HUGEINT, UHUGEINT and BIGNUM as far
 *   as needed, and do not mix with fractions;
 * - Date is TIMESTAMP, `Timestamp` and `CalendarDate` their own type, Uint8Array is BLOB, arrays are LIST, plain objects
 *   STRUCT (of all fields that occur) and Maps MAP;
 * - null, undefined and missing are NULL; a column of nothing else is INTEGER, as a bare NULL is to DuckDB.
 *
 * Values of one column that have no common type are an error with code TYPE_CONFLICT.
 */
export function inferColumns(rows: readonly Readonly<Record<string, unknown>>[]): readonly InferredColumn[] {
  const columns = new Map<string, { sketch: Sketch; present: number }>();
  rows.forEach((row, index) => {
    if (!isPlainObject(row)) {
      const message = `row ${index} is ${describeValue(row)}, not an object of columns`;
      throw valueError("UNSUPPORTED_VALUE", message, { row: index });
    }
    for (const name of Object.keys(row)) {
      let column = columns.get(name);
      if (column === undefined) {
        column = { sketch: NOTHING, present: 0 };
        columns.set(name, column);
      }
      const value = row[name];
      if (value === null || value === undefined) continue;
      column.present++;
      column.sketch = extend(column.sketch, value, name, index);
    }
  });
  if (columns.size === 0) {
    const hint = "pass the columns: { name: type, … }";
    throw valueError("NO_COLUMNS", "there is no row to infer columns from", {}, hint);
  }
  checkNames([...columns.keys()], "column");
  return [...columns].map(([name, { sketch, present }]) => {
    return { name, type: typeText(sketchType(sketch, "column")), nullable: present < rows.length };
  });
}

function extend(sketch: Sketch, value: unknown, column: string, row: number): Sketch {
  try {
    return mergeSketches(sketch, sketchOf(value));
  } catch (error) {
    if (!(error instanceof SketchConflict)) throw withPlace(error, column, row);
    const [left, right] = [sketchText(error.left), sketchText(error.right)];
    const message = `column ${quoted(column)}${error.path} holds ${left} and, in row ${row}, ${right}`;
    const hint = "make the values alike, or pass the column's type";
    throw valueError("TYPE_CONFLICT", message, { column, row, type: `${left}, ${right}` }, hint);
  }
}

function withPlace(error: unknown, column: string, row: number): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  const { code, message, hint } = error as ReturnType<typeof valueError>;
  return valueError(code, `column ${quoted(column)}, row ${row}: ${message}`, { column, row }, hint);
}
