import type { Schema } from "../duckdb/schema.ts";
import { quoteName, quoteText } from "../duckdb/text.ts";

/** A schema as the `columns` argument of DuckDB's CSV and JSON readers. */
export function columnsStruct(schema: Schema): string {
  return `{${schema.map((column) => `${quoteName(column.name)}: ${quoteText(column.type)}`).join(", ")}}`;
}
