import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** All rows of all inputs, columns matched by name. */
export interface Union extends NodeBase<"union"> {
  /** Columns that an input lacks are NULL there, instead of an error. */
  readonly fillMissing: boolean;
}

export function union(meta: NodeMeta, inputs: readonly LogicalNode[], fillMissing: boolean): Union {
  return Object.freeze({ ...meta, kind: "union", inputs, fillMissing });
}
