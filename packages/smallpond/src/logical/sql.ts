import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** A query over whole frames. */
export interface Sql extends NodeBase<"sql"> {
  readonly query: string;
  /** Name of each input, in the order of `inputs`: `0`, `1`, … for those given by position. */
  readonly names: readonly string[];
}

export function sql(
  meta: NodeMeta,
  query: string,
  inputs: readonly { readonly name: string; readonly node: LogicalNode }[],
): Sql {
  return Object.freeze({
    ...meta,
    kind: "sql",
    query,
    inputs: inputs.map((input) => input.node),
    names: inputs.map((input) => input.name),
  });
}
