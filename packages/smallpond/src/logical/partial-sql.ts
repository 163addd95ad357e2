import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** A query run once per partition of its inputs; inputs of one partition are seen whole by every run. */
export interface PartialSql extends NodeBase<"partial-sql"> {
  readonly query: string;
  readonly names: readonly string[];
}

export function partialSql(
  meta: NodeMeta,
  query: string,
  inputs: readonly { readonly name: string; readonly node: LogicalNode }[],
): PartialSql {
  return Object.freeze({
    ...meta,
    kind: "partial-sql",
    query,
    inputs: inputs.map((input) => input.node),
    names: inputs.map((input) => input.name),
  });
}
