import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** All columns, some of them new or computed anew; the order of existing columns stays. */
export interface WithColumns extends NodeBase<"with-columns"> {
  readonly columns: Readonly<Record<string, string>>;
}

export function withColumns(
  meta: NodeMeta,
  input: LogicalNode,
  columns: Readonly<Record<string, string>>,
): WithColumns {
  return Object.freeze({ ...meta, kind: "with-columns", inputs: [input], columns });
}
