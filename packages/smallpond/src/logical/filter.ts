import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** Rows for which an SQL condition is true. */
export interface Filter extends NodeBase<"filter"> {
  readonly condition: string;
}

export function filter(meta: NodeMeta, input: LogicalNode, condition: string): Filter {
  return Object.freeze({ ...meta, kind: "filter", inputs: [input], condition });
}
