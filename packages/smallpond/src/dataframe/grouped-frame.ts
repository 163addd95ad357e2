import { PondError } from "@smallpond/base";
import type { Row } from "../duckdb/values/js-value.ts";
import { aggregate, type GroupKey } from "../logical/aggregate.ts";
import type { LogicalNode, NodeMeta } from "../logical/node.ts";
import type { DataFrame } from "./data-frame.ts";

/** A frame with grouping keys, waiting for aggregates. */
export class GroupedFrame {
  readonly #node: LogicalNode;
  readonly #keys: readonly GroupKey[];
  readonly #make: { meta(): NodeMeta; frame<S extends Row>(node: LogicalNode): DataFrame<S> };

  constructor(
    node: LogicalNode,
    keys: readonly GroupKey[],
    make: { meta(): NodeMeta; frame<S extends Row>(node: LogicalNode): DataFrame<S> },
  ) {
    this.#node = node;
    this.#keys = keys;
    this.#make = make;
  }

  /** One row per group: the keys, then aggregates by output name: `agg({ flights: "count(*)" })`. */
  agg<S extends Row = Row>(aggregates: Readonly<Record<string, string>>): DataFrame<S> {
    if (Object.keys(aggregates).length === 0 && this.#keys.length === 0) {
      throw new PondError("BAD_ARGUMENT", { kind: "invalid", message: "agg(): give an aggregate" });
    }
    return this.#make.frame(aggregate(this.#make.meta(), this.#node, this.#keys, { ...aggregates }));
  }
}

/** Expressions by themselves, or by the names of their columns. */
export function groupKeys(keys: readonly (string | Readonly<Record<string, string>>)[]): GroupKey[] {
  return keys.flatMap((key): GroupKey[] =>
    typeof key === "string"
      ? [{ name: null, expression: key }]
      : Object.entries(key).map(([name, expression]) => ({ name, expression })),
  );
}
