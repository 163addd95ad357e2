import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** All columns but these. */
export interface Drop extends NodeBase<"drop"> {
  readonly columns: readonly string[];
}

export function drop(meta: NodeMeta, input: LogicalNode, columns: readonly string[]): Drop {
  return Object.freeze({ ...meta, kind: "drop", inputs: [input], columns });
}
