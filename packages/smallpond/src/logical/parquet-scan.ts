import type { NodeBase, NodeMeta } from "./node.ts";

export interface ParquetScanOptions {
  /** Look into directories below those given. */
  readonly recursive?: boolean;
  /** Only these columns, in this order. */
  readonly columns?: readonly string[];
  /** Match columns of different files by name and fill what is missing with NULL, instead of by position. */
  readonly unionByName?: boolean;
  /** Take `key=value` directories as columns; decided by looking at the paths when not given. */
  readonly hivePartitioning?: boolean;
}

/** Parquet files: paths, directories and globs. */
export interface ParquetScan extends NodeBase<"parquet-scan"> {
  readonly paths: readonly string[];
  readonly options: ParquetScanOptions;
}

export function parquetScan(
  meta: NodeMeta,
  paths: readonly string[],
  options: ParquetScanOptions = {},
): ParquetScan {
  return Object.freeze({ ...meta, kind: "parquet-scan", inputs: [], paths, options });
}
