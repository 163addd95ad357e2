import type { NodeBase, NodeMeta } from "./node.ts";

export interface CsvScanOptions {
  /** Column names and DuckDB types in file order; inferred when not given. */
  readonly schema?: Readonly<Record<string, string>>;
  /** Field separator; inferred when not given. */
  readonly delimiter?: string;
  /** Whether the first line holds names; inferred when not given. */
  readonly header?: boolean;
  readonly quote?: string;
  readonly escape?: string;
  /** Text that stands for NULL, besides an empty field. */
  readonly nullText?: string;
  /** Whether that text stands for NULL in quotes, too: `""`. Default true; `writeCsv` quotes what is text. */
  readonly quotedNulls?: boolean;
  readonly unionByName?: boolean;
  /** Take `key=value` directories as columns; decided by looking at the paths when not given. */
  readonly hivePartitioning?: boolean;
  /** Longest line accepted, in bytes; 2 MiB when not given. */
  readonly maxLineBytes?: number;
}

export interface CsvScan extends NodeBase<"csv-scan"> {
  readonly paths: readonly string[];
  readonly options: CsvScanOptions;
}

export function csvScan(meta: NodeMeta, paths: readonly string[], options: CsvScanOptions = {}): CsvScan {
  return Object.freeze({ ...meta, kind: "csv-scan", inputs: [], paths, options });
}
