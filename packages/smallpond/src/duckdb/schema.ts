/** What a relation looks like: column names and DuckDB types, as text that crosses process boundaries. */
import type { DuckDBType } from "@duckdb/node-api";
import { foldName, quoteName } from "./text.ts";
import { typedNull } from "./type-text.ts";

export interface Column {
  readonly name: string;
  /** A DuckDB type, as DuckDB writes it: `BIGINT`, `STRUCT(a INTEGER, b VARCHAR[])`. */
  readonly type: string;
}

export type Schema = readonly Column[];

/** A column with its type as a tree, for whoever has to look inside it. */
export interface TypedColumn extends Column {
  readonly tree: DuckDBType;
}

export function columnNames(schema: Schema): string[] {
  return schema.map((column) => column.name);
}

export function findColumn(schema: Schema, name: string): Column | undefined {
  return schema.find((column) => foldName(column.name) === foldName(name));
}

/** A relation of that schema without rows. */
export function emptyRelation(schema: Schema | readonly TypedColumn[]): string {
  const columns = schema.map((column) => {
    const none = "tree" in column ? typedNull(column.tree) : `CAST(NULL AS ${column.type})`;
    return `${none} AS ${quoteName(column.name)}`;
  });
  return `SELECT ${columns.join(", ")} WHERE false`;
}
