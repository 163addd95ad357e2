import type { NodeBase, NodeMeta } from "./node.ts";

export interface JsonScanOptions {
  /** Column names and DuckDB types; inferred when not given. */
  readonly schema?: Readonly<Record<string, string>>;
  /** `lines` (default): one object per line. `array`: one array of objects per file. `auto`: look. */
  readonly format?: "lines" | "array" | "auto";
  /** Take `key=value` directories as columns; decided by looking at the paths when not given. */
  readonly hivePartitioning?: boolean;
  /** Longest object accepted, in bytes; 16 MiB when not given. */
  readonly maxObjectBytes?: number;
}

export interface JsonScan extends NodeBase<"json-scan"> {
  readonly paths: readonly string[];
  readonly options: JsonScanOptions;
}

export function jsonScan(meta: NodeMeta, paths: readonly string[], options: JsonScanOptions = {}): JsonScan {
  return Object.freeze({ ...meta, kind: "json-scan", inputs: [], paths, options });
}
