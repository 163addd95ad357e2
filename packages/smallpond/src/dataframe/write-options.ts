/** What people can say about writing, and what it means with everything filled in. */
import { PondError } from "@smallpond/base";
import type { ParquetCompression, SinkFileFormat, TextCompression } from "../dataset/file-format.ts";
import type { WriteMode, WriteSpec } from "../logical/write.ts";
import { OptionReader } from "./option-reader.ts";

/** Of every format. */
export interface WriteOptions {
  /**
   * `error` (default) refuses a target with anything in it, `overwrite` replaces it whole, `append` adds a directory of
   * files to it.
   */
  readonly mode?: WriteMode;
  /**
   * Columns to write otherwise: a DuckDB type per column, or `"text"` for every type that the format has no form for,
   * which is an error when not given.
   */
  readonly casts?: "text" | Readonly<Record<string, string>>;
  /** A file that has reached this size is followed by another; one file per partition when not given. */
  readonly fileSizeBytes?: number;
  /**
   * Waits until the files are on the disk before they are at the target, so that they outlive a power cut. When not
   * given, that is done where something is replaced, which would otherwise be lost too.
   */
  readonly durable?: boolean;
}

/** Of formats that can be laid out by the values of columns. */
export interface HiveOptions {
  /** Columns whose values become directories: `["year", "month"]` gives `year=2024/month=5/part-00000.parquet`. */
  readonly partitionBy?: string | readonly string[];
  /** Also writes those columns into the files. Default false: readers take them from the path. */
  readonly keepPartitionColumns?: boolean;
}

export interface WriteParquetOptions extends WriteOptions, HiveOptions {
  /** Default `zstd`. */
  readonly compression?: ParquetCompression;
  /** 1 to 22, for `zstd` alone; 3 when not given. */
  readonly compressionLevel?: number;
  /** Rows per row group; 122,880 when not given. */
  readonly rowGroupRows?: number;
}

export interface WriteCsvOptions extends WriteOptions, HiveOptions {
  /** Decided by the path (`.gz`, `.zst`) when not given. */
  readonly compression?: TextCompression;
  /** Whether the first line has the names. Default true. */
  readonly header?: boolean;
  /** Default `,`, or a tab if the path ends in `.tsv`. */
  readonly delimiter?: string;
  /** Default `"`; inside of a quoted text it is doubled. */
  readonly quote?: string;
  /** What NULL is; nothing when not given, and an empty text is then `""`. */
  readonly nullText?: string;
  /** Of dates, as in DuckDB's `strftime`: `%d.%m.%Y`. ISO when not given. */
  readonly dateFormat?: string;
  /** Of timestamps, as in DuckDB's `strftime`. ISO when not given. */
  readonly timestampFormat?: string;
}

export interface WriteJsonOptions extends WriteOptions, HiveOptions {
  /** `lines` (default): one object per line. `array`: one array of objects per file. */
  readonly format?: "lines" | "array";
  /** Decided by the path (`.gz`, `.zst`) when not given. */
  readonly compression?: TextCompression;
}

export interface WriteArrowOptions extends WriteOptions {
  /** Arrow's IPC format: `file`, which can be read from anywhere, or `stream`. Decided by the path when not given. */
  readonly format?: "file" | "stream";
  /** Rows per record batch; 122,880 when not given. */
  readonly batchRows?: number;
}

/** What `read` does not say; the verb is known by its name. */
type Asked = Omit<WriteSpec, "read">;

const COMMON = ["mode", "casts", "fileSizeBytes", "durable"];
const HIVE = ["partitionBy", "keepPartitionColumns"];

const SINGLE_FILE: Readonly<Record<SinkFileFormat["kind"], RegExp>> = {
  parquet: /\.(parquet|parq|pq)$/i,
  csv: /\.(csv|tsv|txt)(\.gz|\.zst)?$/i,
  json: /\.(json|jsonl|ndjson)(\.gz|\.zst)?$/i,
  arrow: /\.(arrow|arrows|feather|ipc)$/i,
};

export function parquetSpec(path: string, options: WriteParquetOptions): Asked {
  const read = new OptionReader("writeParquet", options);
  read.expectNames([...COMMON, ...HIVE, "compression", "compressionLevel", "rowGroupRows"]);
  const compression = read.oneOf("compression", PARQUET_COMPRESSIONS, "zstd");
  const compressionLevel = read.count("compressionLevel", 1, 22);
  if (compressionLevel !== null && compression !== "zstd") {
    throw read.bad("compressionLevel goes with compression zstd");
  }
  const rowGroupRows = read.count("rowGroupRows", 1, ROW_GROUP_ROWS_MAX);
  return specOf(read, path, { kind: "parquet", compression, compressionLevel, rowGroupRows });
}

export function csvSpec(path: string, options: WriteCsvOptions): Asked {
  const read = new OptionReader("writeCsv", options);
  const names = ["compression", "header", "delimiter", "quote", "nullText", "dateFormat", "timestampFormat"];
  read.expectNames([...COMMON, ...HIVE, ...names]);
  const delimiter = read.text("delimiter") ?? (/\.tsv(\.gz|\.zst)?$/i.test(String(path)) ? "\t" : ",");
  const quote = read.text("quote") ?? '"';
  const nullText = read.text("nullText") ?? "";
  if (!/^[^\r\n]{1,4}$/.test(delimiter))
    throw read.bad("delimiter must be 1 to 4 characters without a line end");
  if (!/^[\x21-\x7e]$/.test(quote)) throw read.bad("quote must be one visible ASCII character");
  if (delimiter.includes(quote)) throw read.bad("delimiter and quote must differ");
  if (/[\r\n]/.test(nullText) || nullText.includes(delimiter) || nullText.includes(quote)) {
    throw read.bad("nullText must have no line end, delimiter or quote in it");
  }
  return specOf(read, path, {
    kind: "csv",
    compression: textCompression(read, path),
    header: read.flag("header", true),
    delimiter,
    quote,
    nullText,
    dateFormat: read.text("dateFormat"),
    timestampFormat: read.text("timestampFormat"),
  });
}

export function jsonSpec(path: string, options: WriteJsonOptions): Asked {
  const read = new OptionReader("writeJson", options);
  read.expectNames([...COMMON, ...HIVE, "format", "compression"]);
  const array = read.oneOf("format", ["lines", "array"], "lines") === "array";
  return specOf(read, path, { kind: "json", compression: textCompression(read, path), array });
}

export function arrowSpec(path: string, options: WriteArrowOptions): Asked {
  const read = new OptionReader("writeArrow", options);
  read.expectNames([...COMMON, "format", "batchRows"]);
  const byPath = /\.arrows$/i.test(String(path)) ? "stream" : "file";
  const stream = read.oneOf("format", ["file", "stream"], byPath) === "stream";
  const batchRows = read.count("batchRows", 1, ROW_GROUP_ROWS_MAX) ?? BATCH_ROWS;
  return specOf(read, path, { kind: "arrow", stream, batchRows });
}

const PARQUET_COMPRESSIONS = [
  "zstd",
  "snappy",
  "gzip",
  "brotli",
  "lz4",
  "lz4_raw",
  "uncompressed",
] as const satisfies readonly ParquetCompression[];

const ROW_GROUP_ROWS_MAX = 2 ** 30;
const BATCH_ROWS = 122_880;

function specOf(read: OptionReader, path: string, format: SinkFileFormat): Asked {
  if (typeof path !== "string" || path.trim() === "") throw read.bad("the path must be text");
  const singleFile = SINGLE_FILE[format.kind].test(path);
  const partitionBy = read.texts("partitionBy");
  const keepPartitionColumns = read.flag("keepPartitionColumns", false);
  const fileSizeBytes = read.count("fileSizeBytes", 1, Number.MAX_SAFE_INTEGER);
  if (singleFile && partitionBy.length > 0)
    throw read.bad(`partitionBy needs a directory, and ${path} is one file`);
  if (singleFile && fileSizeBytes !== null)
    throw read.bad(`fileSizeBytes needs a directory, and ${path} is one file`);
  if (fileSizeBytes !== null && partitionBy.length > 0) {
    throw read.bad("fileSizeBytes and partitionBy exclude each other");
  }
  if (keepPartitionColumns && partitionBy.length === 0)
    throw read.bad("keepPartitionColumns goes with partitionBy");
  return {
    path,
    singleFile,
    format,
    mode: read.oneOf("mode", ["error", "overwrite", "append"], "error"),
    partitionBy,
    keepPartitionColumns,
    fileSizeBytes,
    castsToText: read.value("casts") === "text",
    durable: read.optionalFlag("durable"),
  };
}

/** What the name says and what the option says must not be two things. */
function textCompression(read: OptionReader, path: string): TextCompression {
  const end = /\.(gz|zst)$/i.exec(String(path))?.[1]?.toLowerCase();
  const byPath = end === undefined ? "uncompressed" : end === "gz" ? "gzip" : "zstd";
  const compression = read.oneOf("compression", ["gzip", "zstd", "uncompressed"], byPath);
  if (end !== undefined && compression !== byPath) {
    throw read.bad(`compression is ${compression}, and the path ends in .${end}`);
  }
  return compression;
}

/** The columns to cast, as SQL, for the verb below the write. */
export function castColumns(
  verb: string,
  casts: WriteOptions["casts"],
): Readonly<Record<string, string>> | null {
  if (casts === undefined || casts === "text") return null;
  const entries = Object.entries(Object(casts) as Record<string, unknown>);
  if (typeof casts !== "object" || entries.some(([, type]) => typeof type !== "string")) {
    throw new PondError("BAD_ARGUMENT", {
      kind: "invalid",
      message: `${verb}(): casts must be "text" or a DuckDB type per column`,
      details: { verb },
      hint: '{ casts: { payload: "VARCHAR" } }',
    });
  }
  return Object.fromEntries(
    entries.map(([name, type]) => [name, `CAST("${name.replaceAll('"', '""')}" AS ${String(type)})`]),
  );
}
