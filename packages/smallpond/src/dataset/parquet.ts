/** SQL that reads Parquet: whole scans as people asked for them, and slices of known files. */

import { emptyRelation, findColumn, type Schema } from "../duckdb/schema.ts";
import { quoteName, quoteTexts } from "../duckdb/text.ts";
import { isReadableType } from "../duckdb/type-text.ts";
import type { ParquetScanOptions } from "../logical/parquet-scan.ts";
import type { FileSlice } from "./file-slice.ts";
import { hiveTypes } from "./hive.ts";
import { escapeGlob } from "./paths.ts";

/** All of a scan's files. `columns` keeps its order; everything else is left to DuckDB's optimizer. */
export function parquetScanSql(files: readonly string[], options: ParquetScanOptions): string {
  const list = options.columns?.map(quoteName).join(", ") ?? "*";
  return `SELECT ${list} FROM ${readParquet(files, options)}`;
}

/**
 * Some of a scan's files or rows, with the columns and types of the whole scan: a file read by itself could have
 * other types than the first file of all gives them.
 */
export function parquetScanSliceSql(
  slices: readonly FileSlice[],
  options: ParquetScanOptions,
  schema: Schema,
): string {
  if (slices.length === 0) return emptyRelation(schema);
  const casts = schema.map(({ name, type }) =>
    isReadableType(type) ? `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}` : quoteName(name),
  );
  const parts = slicesByRange(slices, schema, (files) => {
    const hive = hiveTypes(files[0]!, schema);
    const from = `FROM ${readParquet(files, options, hive)}`;
    // Columns that these files lack but others have are NULL here, as in a scan of all files.
    return options.unionByName ? `FROM (${emptyRelation(schema)} UNION ALL BY NAME ${from})` : from;
  });
  return parts.map((from) => `SELECT ${casts.join(", ")} ${from}`).join(" UNION ALL ");
}

/**
 * The same rows with their place beside them: the file, and the row in it. Null when a column hides DuckDB's own of
 * that name, or columns are matched by name over files, which leaves DuckDB's out.
 */
export function parquetScanPlacesSql(
  slices: readonly FileSlice[],
  options: ParquetScanOptions,
  schema: Schema,
  names: { readonly file: string; readonly row: string },
): string | null {
  const hidden = ["filename", "file_row_number"].some((name) => findColumn(schema, name) !== undefined);
  if (hidden || options.unionByName) return null;
  const place = `filename AS ${names.file}, file_row_number AS ${names.row}`;
  if (slices.length === 0)
    return `SELECT *, '' AS ${names.file}, 0 AS ${names.row} FROM (${emptyRelation(schema)})`;
  return slicesByRange(slices, schema, (files) => `FROM ${readParquet(files, options)}`)
    .map((from) => `SELECT ${schema.map(({ name }) => quoteName(name)).join(", ")}, ${place} ${from}`)
    .join(" UNION ALL ");
}

/** Slices of files we wrote ourselves: exactly these columns, no guessing from the path. */
export function parquetSlices(slices: readonly FileSlice[], names: readonly string[]): string {
  const list = names.map(quoteName).join(", ");
  const schema = names.map((name) => ({ name, type: "" }));
  const parts = slicesByRange(
    slices,
    schema,
    (files) => `FROM read_parquet(${quoteTexts(files.map(escapeGlob))}, hive_partitioning = false)`,
  );
  return parts.map((from) => `SELECT ${list} ${from}`).join(" UNION ALL ");
}

/** One FROM clause per run of whole files and per partial file, in order. */
function slicesByRange(
  slices: readonly FileSlice[],
  schema: Schema,
  fromFiles: (files: readonly string[]) => string,
): string[] {
  const parts: string[] = [];
  let whole: string[] = [];
  const flush = (): void => {
    if (whole.length > 0) parts.push(fromFiles(whole));
    whole = [];
  };
  for (const slice of slices) {
    if (slice.begin === undefined || slice.end === undefined) {
      whole.push(slice.path);
      continue;
    }
    flush();
    parts.push(rangeOf(fromFiles([slice.path]), slice.begin, slice.end, schema));
  }
  flush();
  return parts;
}

/** DuckDB prunes row groups by its virtual row number; a column of that name hides it, then rows are counted off. */
function rangeOf(from: string, begin: number, end: number, schema: Schema): string {
  if (findColumn(schema, "file_row_number") === undefined && !from.startsWith("FROM (")) {
    return `${from} WHERE file_row_number >= ${begin} AND file_row_number < ${end}`;
  }
  return `FROM (SELECT * ${from} LIMIT ${end - begin} OFFSET ${begin})`;
}

function readParquet(
  files: readonly string[],
  options: ParquetScanOptions,
  hive: string | null = null,
): string {
  const parameters = [quoteTexts(files.map(escapeGlob))];
  if (options.unionByName) parameters.push("union_by_name = true");
  if (options.hivePartitioning !== undefined)
    parameters.push(`hive_partitioning = ${options.hivePartitioning}`);
  if (hive !== null && options.hivePartitioning !== false) parameters.push(`hive_types = ${hive}`);
  return `read_parquet(${parameters.join(", ")})`;
}
