import type { Schema } from "../duckdb/schema.ts";
import type { FunctionSpec, OutputColumn } from "../functions/spec.ts";

/** What a function's stage writes: its columns, and that of failures where these are kept. */
export function functionSchema(fn: FunctionSpec, columns: readonly OutputColumn[]): Schema {
  const { onError } = fn.calls;
  return onError.kind === "keep" ? [...columns, { name: onError.column, type: "VARCHAR" }] : columns;
}
