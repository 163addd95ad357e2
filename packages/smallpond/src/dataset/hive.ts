/** Columns that are in the path: `year=2024/month=5/part-00000.parquet`. */
import { findColumn, type Schema } from "../duckdb/schema.ts";
import { quoteText } from "../duckdb/text.ts";

/** The columns of a schema that the directories above a file have values of. */
export function hiveColumns(path: string, schema: Schema): Schema {
  const keys = path.split("/").slice(0, -1).map(keyOf);
  return keys.flatMap((key) => (key === undefined ? [] : (findColumn(schema, key) ?? [])));
}

/** DuckDB's `hive_types` for the columns that are in the path; null when none is. */
export function hiveTypes(path: string, schema: Schema): string | null {
  const types = hiveColumns(path, schema).map(({ name, type }) => `${quoteText(name)}: ${quoteText(type)}`);
  return types.length === 0 ? null : `{${types.join(", ")}}`;
}

/** Whether a directory's name says the value of a column. */
export function isHiveFolder(name: string): boolean {
  return keyOf(name) !== undefined;
}

function keyOf(segment: string): string | undefined {
  const key = /^([^=]+)=/.exec(segment)?.[1];
  if (key === undefined) return undefined;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
