/** SQL that reads CSV. */

import { emptyRelation, type Schema } from "../duckdb/schema.ts";
import { quoteText, quoteTexts } from "../duckdb/text.ts";
import type { CsvScanOptions } from "../logical/csv-scan.ts";
import { columnsStruct } from "./columns-struct.ts";
import { hiveColumns, hiveTypes } from "./hive.ts";
import { escapeGlob } from "./paths.ts";

export function csvScanSql(files: readonly string[], options: CsvScanOptions): string {
  const schema = options.schema === undefined ? undefined : entries(options.schema);
  return `SELECT * FROM ${readCsv(files, options, schema)}`;
}

/** Some of the files, with the columns and types found over all of them. */
export function csvScanSliceSql(files: readonly string[], options: CsvScanOptions, schema: Schema): string {
  if (files.length === 0) return emptyRelation(schema);
  return `SELECT * FROM ${readCsv(files, options, schema)}`;
}

function readCsv(files: readonly string[], options: CsvScanOptions, schema: Schema | undefined): string {
  const parameters = [quoteTexts(files.map(escapeGlob))];
  const folders =
    schema === undefined || options.hivePartitioning === false ? [] : hiveColumns(files[0] ?? "", schema);
  const given = options.schema === undefined ? undefined : entries(options.schema);
  const inFile = given ?? schema?.filter((column) => !folders.includes(column));
  if (inFile !== undefined) parameters.push(`columns = ${columnsStruct(inFile)}`);
  // Types are found by looking at every row: a sample that misses the one odd value fails late.
  else parameters.push("sample_size = -1");
  if (options.delimiter !== undefined) parameters.push(`delim = ${quoteText(options.delimiter)}`);
  if (options.header !== undefined) parameters.push(`header = ${options.header}`);
  if (options.quote !== undefined) parameters.push(`quote = ${quoteText(options.quote)}`);
  if (options.escape !== undefined) parameters.push(`escape = ${quoteText(options.escape)}`);
  if (options.nullText !== undefined) parameters.push(`nullstr = ['', ${quoteText(options.nullText)}]`);
  if (options.quotedNulls === false) parameters.push("allow_quoted_nulls = false");
  if (options.unionByName) parameters.push("union_by_name = true");
  if (options.maxLineBytes !== undefined) parameters.push(`max_line_size = ${options.maxLineBytes}`);
  if (options.hivePartitioning !== undefined)
    parameters.push(`hive_partitioning = ${options.hivePartitioning}`);
  if (folders.length > 0) parameters.push(`hive_types = ${hiveTypes(files[0]!, folders)}`);
  return `read_csv(${parameters.join(", ")})`;
}

function entries(schema: Readonly<Record<string, string>>): Schema {
  return Object.entries(schema).map(([name, type]) => ({ name, type }));
}
