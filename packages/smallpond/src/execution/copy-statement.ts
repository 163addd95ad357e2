/** The COPY that writes a query's rows, and what it says it wrote. */
import { assert } from "@smallpond/base";
import { type CsvFormat, extensionOf, type FileFormat, type JsonFormat } from "../dataset/file-format.ts";
import { quoteName, quoteText } from "../duckdb/text.ts";
import type { Output, WrittenFile } from "./task.ts";

/** The formats that DuckDB writes. */
export type CopyFormat = Exclude<FileFormat, { kind: "arrow" }>;

export function copyStatement(query: string, output: Output, format: CopyFormat): string {
  const options = formatOptions(format);
  // DuckDB says more of Parquet files than of text files.
  options.push(isParquet(format) ? "RETURN_STATS" : "RETURN_FILES");
  const metadata = Object.entries(output.metadata);
  if (metadata.length > 0 && isParquet(format)) {
    const fields = metadata.map(([key, value]) => `${quoteName(key)}: ${quoteText(value)}`);
    options.push(`KV_METADATA {${fields.join(", ")}}`);
  }
  const extension = extensionOf(format);
  const several = severalFiles(output);
  const to = several.length > 0 ? output.directory : `${output.directory}/${output.name}.${extension}`;
  if (several.length > 0) {
    options.push(
      ...several,
      `FILENAME_PATTERN ${quoteText(`${output.name}-{i}`)}`,
      `FILE_EXTENSION ${quoteText(extension)}`,
      // The directory is this attempt's own and only just made.
      "OVERWRITE_OR_IGNORE true",
    );
  }
  return `COPY (${query}) TO ${quoteText(to)} (${options.join(", ")})`;
}

/** The files that a row of the statement's result is about. */
export function writtenFiles(
  row: Readonly<Record<string, unknown>>,
  output: Output,
  format: CopyFormat,
): WrittenFile[] {
  if (isParquet(format)) {
    const path = row.filename as string;
    return [
      {
        path,
        folder: folderOf(path, output),
        rows: Number(row.count),
        bytes: Number(row.file_size_bytes),
        partition: output.partitionBy === null ? null : partitionOf(row.partition_keys, output.partitionBy),
      },
    ];
  }
  assert(output.partitionBy === null, "text files are not dealt to partitions");
  const rows = Number(row.Count);
  return (row.Files as readonly string[]).map((path, i) => ({
    path,
    folder: folderOf(path, output),
    rows: i === 0 ? rows : 0,
    bytes: 0,
    partition: null,
  }));
}

function isParquet(format: CopyFormat): boolean {
  return format.kind === "staging" || format.kind === "parquet";
}

/** What makes DuckDB write a directory of files; nothing for one file. */
function severalFiles(output: Output): string[] {
  if (output.partitionBy !== null) return [`PARTITION_BY (${quoteName(output.partitionBy.column)})`];
  if (output.hive !== null) {
    const columns = output.hive.columns.map(quoteName).join(", ");
    return [`PARTITION_BY (${columns})`, ...(output.hive.keep ? ["WRITE_PARTITION_COLUMNS true"] : [])];
  }
  return output.fileSizeBytes === null ? [] : [`FILE_SIZE_BYTES ${output.fileSizeBytes}`];
}

function formatOptions(format: CopyFormat): string[] {
  switch (format.kind) {
    case "staging":
      // Looking for dictionaries is a fifth of what writing costs, and pays only when a file is kept.
      return ["FORMAT parquet", "COMPRESSION lz4_raw", "DICTIONARY_SIZE_LIMIT 1", "PARQUET_VERSION v2"];
    case "parquet":
      return [
        "FORMAT parquet",
        `COMPRESSION ${format.compression}`,
        ...(format.compressionLevel === null ? [] : [`COMPRESSION_LEVEL ${format.compressionLevel}`]),
        ...(format.rowGroupRows === null ? [] : [`ROW_GROUP_SIZE ${format.rowGroupRows}`]),
      ];
    case "csv":
      return csvOptions(format);
    case "json":
      return jsonOptions(format);
    default:
      return format satisfies never;
  }
}

function csvOptions(format: CsvFormat): string[] {
  return [
    "FORMAT csv",
    `COMPRESSION ${format.compression}`,
    `HEADER ${format.header}`,
    `DELIMITER ${quoteText(format.delimiter)}`,
    `QUOTE ${quoteText(format.quote)}`,
    `ESCAPE ${quoteText(format.quote)}`,
    `NULLSTR ${quoteText(format.nullText)}`,
    ...(format.dateFormat === null ? [] : [`DATEFORMAT ${quoteText(format.dateFormat)}`]),
    ...(format.timestampFormat === null ? [] : [`TIMESTAMPFORMAT ${quoteText(format.timestampFormat)}`]),
  ];
}

/** DuckDB's JSON writer is its CSV writer with one column of objects; it alone knows no directories per value. */
function jsonOptions(format: JsonFormat): string[] {
  const plain = [
    "FORMAT csv",
    `COMPRESSION ${format.compression}`,
    "HEADER false",
    "DELIMITER ''",
    "QUOTE ''",
    "ESCAPE ''",
  ];
  if (!format.array) return plain;
  return [...plain, "PREFIX '[\n  '", "NEW_LINE ',\n  '", "SUFFIX '\n]\n'"];
}

/** The directories below the attempt's own that say the values of columns. */
function folderOf(path: string, output: Output): string {
  if (output.hive === null) return "";
  const end = path.lastIndexOf("/");
  assert(path.startsWith(`${output.directory}/`), `${path} is not in ${output.directory}`);
  return path.slice(output.directory.length + 1, end);
}

/** The partition's number, checked once more: a file that belongs nowhere would be rows lost. */
function partitionOf(keys: unknown, by: NonNullable<Output["partitionBy"]>): number {
  const entries = keys as readonly { readonly key: string; readonly value: string }[];
  const partition = Number(entries[0]?.value);
  assert(Number.isInteger(partition), `partition key ${JSON.stringify(keys)} is no number`);
  assert(partition >= 0 && partition < by.count, `partition ${partition} of ${by.count} does not exist`);
  return partition;
}
