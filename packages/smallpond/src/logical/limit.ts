import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** At most `count` rows of the whole frame, whichever partition they are in. */
export interface Limit extends NodeBase<"limit"> {
  readonly count: number;
}

export function limit(meta: NodeMeta, input: LogicalNode, count: number): Limit {
  return Object.freeze({ ...meta, kind: "limit", inputs: [input], count });
}
