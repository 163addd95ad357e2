import type { NodeBase, NodeMeta } from "./node.ts";

/** Rows handed over by the program (`fromItems`, `fromArrow`), held as a table of the session's own DuckDB. */
export interface Values extends NodeBase<"values"> {
  /** Name of the table in the session's database. */
  readonly table: string;
  /** What it was made from, for `explain()`. */
  readonly label: string;
}

export function values(meta: NodeMeta, table: string, label: string): Values {
  return Object.freeze({ ...meta, kind: "values", inputs: [], table, label });
}
