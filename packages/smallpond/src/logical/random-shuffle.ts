import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** Rows dealt at random to the partitions there are, and in random order within each. */
export interface RandomShuffle extends NodeBase<"random-shuffle"> {
  readonly seed: number | null;
}

export function randomShuffle(meta: NodeMeta, input: LogicalNode, seed: number | null): RandomShuffle {
  return Object.freeze({ ...meta, kind: "random-shuffle", inputs: [input], seed });
}
