/** How files are written, as data: the same in the plan, in a task and in another process. */

export type ParquetCompression = "zstd" | "snappy" | "gzip" | "brotli" | "lz4" | "lz4_raw" | "uncompressed";

export type TextCompression = "gzip" | "zstd" | "uncompressed";

export interface ParquetFormat {
  readonly kind: "parquet";
  readonly compression: ParquetCompression;
  readonly compressionLevel: number | null;
  readonly rowGroupRows: number | null;
}

export interface CsvFormat {
  readonly kind: "csv";
  readonly compression: TextCompression;
  readonly header: boolean;
  readonly delimiter: string;
  readonly quote: string;
  readonly nullText: string;
  readonly dateFormat: string | null;
  readonly timestampFormat: string | null;
}

export interface JsonFormat {
  readonly kind: "json";
  readonly compression: TextCompression;
  readonly array: boolean;
}

export interface ArrowFormat {
  readonly kind: "arrow";
  readonly stream: boolean;
  readonly batchRows: number;
}

/** What people ask for. */
export type SinkFileFormat = ParquetFormat | CsvFormat | JsonFormat | ArrowFormat;

/** `staging` is Parquet that costs least to write once and read once. */
export type FileFormat = SinkFileFormat | { readonly kind: "staging" };

/** What the names of such files end in, without the dot. */
export function extensionOf(format: FileFormat): string {
  switch (format.kind) {
    case "staging":
    case "parquet":
      return "parquet";
    case "csv":
      return `${format.delimiter === "\t" ? "tsv" : "csv"}${compressedEnd(format.compression)}`;
    case "json":
      return `${format.array ? "json" : "jsonl"}${compressedEnd(format.compression)}`;
    case "arrow":
      return format.stream ? "arrows" : "arrow";
    default:
      return format satisfies never;
  }
}

function compressedEnd(compression: TextCompression): string {
  if (compression === "uncompressed") return "";
  return compression === "gzip" ? ".gz" : ".zst";
}
