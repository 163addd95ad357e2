import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** A SELECT list over each row (`select`, `map` and `flatMap` with SQL). */
export interface Project extends NodeBase<"project"> {
  readonly list: string;
}

export function project(meta: NodeMeta, input: LogicalNode, list: string): Project {
  return Object.freeze({ ...meta, kind: "project", inputs: [input], list });
}
