import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** Each partition in order by itself. */
export interface PartialSort extends NodeBase<"partial-sort"> {
  readonly keys: readonly string[];
}

export function partialSort(meta: NodeMeta, input: LogicalNode, keys: readonly string[]): PartialSort {
  return Object.freeze({ ...meta, kind: "partial-sort", inputs: [input], keys });
}
