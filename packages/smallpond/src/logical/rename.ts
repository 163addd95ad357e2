import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** The same columns under other names: old name to new name. */
export interface Rename extends NodeBase<"rename"> {
  readonly names: Readonly<Record<string, string>>;
}

export function rename(meta: NodeMeta, input: LogicalNode, names: Readonly<Record<string, string>>): Rename {
  return Object.freeze({ ...meta, kind: "rename", inputs: [input], names });
}
