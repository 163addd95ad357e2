import { PondError } from "@smallpond/base";
import { quoteName } from "../../duckdb/text.ts";
import type { Join } from "../../logical/join.ts";
import { type LogicalNode, withInputs } from "../../logical/node.ts";
import { repartition } from "../../logical/repartition.ts";
import type { Rule } from "../rule.ts";

/** A join in `n` partitions hashes both sides by their keys; the planner casts the keys to their common type. */
export const lowerPartitionedJoin: Rule = {
  name: "lower-partitioned-join",
  apply(node, context) {
    if (node.kind !== "join" || node.partitions === null || node.partitions === 1) return node;
    const { left, right } = joinKeys(node);
    const count = node.partitions;
    if (isHashedBy(node.inputs[0]!, left, count) && isHashedBy(node.inputs[1]!, right, count)) return node;
    const sides = [left, right].map((keys, i) =>
      repartition(context.derive(node, i === 0 ? "left" : "right"), node.inputs[i]!, {
        kind: "hash",
        keys,
        count,
      }),
    );
    return withInputs(node, sides);
  },
};

/** Sides that people hashed themselves count only if they did it by the join's keys, into as many parts. */
function isHashedBy(input: LogicalNode, keys: readonly string[], count: number): boolean {
  if (input.kind !== "repartition" || input.spec.kind !== "hash") return false;
  const { spec } = input;
  const same = spec.keys.length === keys.length && spec.keys.every((key, i) => key === keys[i]);
  return same && spec.count === count;
}

/** The key expressions of both sides. */
export function joinKeys(node: Join): { left: readonly string[]; right: readonly string[] } {
  const { on } = node;
  if (on.kind === "keys") return on;
  if (on.kind === "columns") {
    const keys = on.columns.map(quoteName);
    return { left: keys, right: keys };
  }
  throw new PondError("JOIN_NEEDS_KEYS", {
    kind: "invalid",
    message: "a join in partitions needs equal keys: rows that match must be in the same partition",
    hint: "give the join { on: columns } or { on: { left, right } }, or leave out { partitions }",
  });
}
