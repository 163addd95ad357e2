import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** A grouping expression; unnamed ones are called what DuckDB calls them. */
export interface GroupKey {
  readonly name: string | null;
  readonly expression: string;
}

/** One row per group: the keys, then the aggregates by output name. Without keys, one row for the whole frame. */
export interface Aggregate extends NodeBase<"aggregate"> {
  readonly keys: readonly GroupKey[];
  readonly aggregates: Readonly<Record<string, string>>;
}

export function aggregate(
  meta: NodeMeta,
  input: LogicalNode,
  keys: readonly GroupKey[],
  aggregates: Readonly<Record<string, string>>,
): Aggregate {
  return Object.freeze({ ...meta, kind: "aggregate", inputs: [input], keys, aggregates });
}
