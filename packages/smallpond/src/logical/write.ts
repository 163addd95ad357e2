import type { SinkFileFormat } from "../dataset/file-format.ts";
import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** What happens when the target is there already. */
export type WriteMode = "error" | "overwrite" | "append";

export interface WriteSpec {
  /** A directory, or one file. */
  readonly path: string;
  readonly singleFile: boolean;
  readonly format: SinkFileFormat;
  readonly mode: WriteMode;
  /** Columns whose values are directories: `year=2024/month=5/`. */
  readonly partitionBy: readonly string[];
  /** Whether those columns are in the files too. */
  readonly keepPartitionColumns: boolean;
  /** A file that has reached this size is followed by another. */
  readonly fileSizeBytes: number | null;
  /** Whether columns that the format has no form for become text. */
  readonly castsToText: boolean;
  /** Whether the files are on the disk before they are at the target; null: if they replace others. */
  readonly durable: boolean | null;
  /** Whether a frame reads the rows. */
  readonly read: boolean;
}

/** What people call to write each format. */
export const WRITE_VERBS: Readonly<Record<SinkFileFormat["kind"], string>> = {
  parquet: "writeParquet",
  csv: "writeCsv",
  json: "writeJson",
  arrow: "writeArrow",
};

/** The input's rows as files for people, at least one per partition; the node's own rows are those. */
export interface Write extends NodeBase<"write"> {
  readonly spec: WriteSpec;
}

export function write(meta: NodeMeta, input: LogicalNode, spec: WriteSpec): Write {
  return Object.freeze({ ...meta, kind: "write", inputs: [input], spec });
}

/**
 * Whether the node's rows are read from what was written. Other files than plain Parquet have not all of their types:
 * there the input is kept beside them and read instead.
 */
export function readsItsFiles({ spec }: Write): boolean {
  return spec.format.kind === "parquet" && spec.partitionBy.length === 0;
}

/** Whether the input has to be kept, because the node's rows are read and its files are not what is read. */
export function keepsInput(node: Write): boolean {
  return node.spec.read && !readsItsFiles(node);
}
