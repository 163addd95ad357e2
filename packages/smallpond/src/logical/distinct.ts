import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** Different rows only, or one row per value of some columns. */
export interface Distinct extends NodeBase<"distinct"> {
  readonly on: readonly string[] | null;
}

export function distinct(meta: NodeMeta, input: LogicalNode, on: readonly string[] | null): Distinct {
  return Object.freeze({ ...meta, kind: "distinct", inputs: [input], on });
}
