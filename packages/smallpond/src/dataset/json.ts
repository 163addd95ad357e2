/** SQL that reads JSON. */

import { emptyRelation, type Schema } from "../duckdb/schema.ts";
import { quoteText, quoteTexts } from "../duckdb/text.ts";
import type { JsonScanOptions } from "../logical/json-scan.ts";
import { columnsStruct } from "./columns-struct.ts";
import { escapeGlob } from "./paths.ts";

const FORMATS = { lines: "newline_delimited", array: "array", auto: "auto" } as const;

export function jsonScanSql(files: readonly string[], options: JsonScanOptions): string {
  const schema =
    options.schema === undefined
      ? undefined
      : Object.entries(options.schema).map(([name, type]) => ({ name, type }));
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
  if (schema !== undefined) parameters.push(`columns = ${columnsStruct(schema)}`);
  else parameters.push("sample_size = -1");
  if (options.maxObjectBytes !== undefined)
    parameters.push(`maximum_object_size = ${options.maxObjectBytes}`);
  return `read_json(${parameters.join(", ")})`;
}
