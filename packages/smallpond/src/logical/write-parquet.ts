import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** What happens when the target is there already. */
export type WriteMode = "error" | "overwrite" | "append";

export interface WriteParquetOptions {
  /** `error` (default) refuses a target with anything in it, `overwrite` replaces it whole, `append` adds files. */
  readonly mode?: WriteMode;
  /** Default `zstd`. */
  readonly compression?: "zstd" | "snappy" | "lz4_raw";
}

/** The input's rows as Parquet files, at least one per partition; the node's own rows are those files. */
export interface WriteParquet extends NodeBase<"write-parquet"> {
  /** A directory, or one file if it ends in `.parquet`. */
  readonly path: string;
  readonly options: WriteParquetOptions;
}

export function writeParquet(
  meta: NodeMeta,
  input: LogicalNode,
  path: string,
  options: WriteParquetOptions = {},
): WriteParquet {
  return Object.freeze({ ...meta, kind: "write-parquet", inputs: [input], path, options });
}

export function isSingleFile(node: WriteParquet): boolean {
  return node.path.toLowerCase().endsWith(".parquet");
}
