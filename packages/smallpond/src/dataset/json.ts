/** SQL that reads JSON. */

import { emptyRelation, type Schema } from "../duckdb/schema.ts";
import { quoteText, quoteTexts } from "../duckdb/text.ts";
import type { JsonScanOptions } from "../logical/json-scan.ts";
import { columnsStruct } from "./columns-struct.ts";
import { hiveColumns, hiveTypes } from "./hive.ts";
import { escapeGlob } from "./paths.ts";

const FORMATS = { lines: "newline_delimited", array: "array", auto: "auto" } as const;

export function jsonScanSql(files: readonly string[], options: JsonScanOptions): string {
  const schema = options.schema === undefined ? undefined : entries(options.schema);
  return `SELECT * FROM ${readJson(files, options, schema)}`;
}

/** Some of the files, with the columns and types found over all of them. */
export function jsonScanSliceSql(files: readonly string[], options: JsonScanOptions, schema: Schema): string {
  if (files.length === 0) return emptyRelation(schema);
  return `SELECT * FROM ${readJson(files, options, schema)}`;
}

function readJson(files: readonly string[], options: JsonScanOptions, schema: Schema | undefined): string {
  const parameters = [
    quoteTexts(files.map(escapeGlob)),
    `format = ${quoteText(FORMATS[options.format ?? "lines"])}`,
  ];
  const folders =
    schema === undefined || options.hivePartitioning === false ? [] : hiveColumns(files[0] ?? "", schema);
  const given = options.schema === undefined ? undefined : entries(options.schema);
  const inFile = given ?? schema?.filter((column) => !folders.includes(column));
  if (inFile !== undefined) parameters.push(`columns = ${columnsStruct(inFile)}`);
  else parameters.push("sample_size = -1");
  if (options.maxObjectBytes !== undefined)
    parameters.push(`maximum_object_size = ${options.maxObjectBytes}`);
  if (options.hivePartitioning !== undefined)
    parameters.push(`hive_partitioning = ${options.hivePartitioning}`);
  if (folders.length > 0) parameters.push(`hive_types = ${hiveTypes(files[0]!, folders)}`);
  return `read_json(${parameters.join(", ")})`;
}

function entries(schema: Readonly<Record<string, string>>): Schema {
  return Object.entries(schema).map(([name, type]) => ({ name, type }));
}
