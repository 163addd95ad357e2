import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** The whole frame in order; with `partitions`, as that many range partitions, each sorted. */
export interface Sort extends NodeBase<"sort"> {
  readonly keys: readonly string[];
  readonly partitions: number | null;
}

export function sort(
  meta: NodeMeta,
  input: LogicalNode,
  keys: readonly string[],
  partitions: number | null,
): Sort {
  return Object.freeze({ ...meta, kind: "sort", inputs: [input], keys, partitions });
}
