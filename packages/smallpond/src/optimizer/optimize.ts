/** Rewrites a plan bottom-up with every rule, until none has anything to do. */
import { assert } from "@smallpond/base";
import { type LogicalNode, topological, withInputs } from "../logical/node.ts";
import type { Rule, RuleContext } from "./rule.ts";
import { dropUnobservedOrder } from "./rules/drop-unobserved-order.ts";
import { dropUnobservedPartitions } from "./rules/drop-unobserved-partitions.ts";
import { limitBelowMap } from "./rules/limit-below-map.ts";
import { lowerPartitionedJoin } from "./rules/lower-partitioned-join.ts";
import { lowerPartitionedSort } from "./rules/lower-partitioned-sort.ts";
import { lowerRandomShuffle } from "./rules/lower-random-shuffle.ts";

export const RULES: readonly Rule[] = [
  lowerRandomShuffle,
  lowerPartitionedJoin,
  lowerPartitionedSort,
  dropUnobservedPartitions,
  dropUnobservedOrder,
  limitBelowMap,
];

const ROUNDS_MAX = 32;

export function optimize(root: LogicalNode, context: Omit<RuleContext, "root">): LogicalNode {
  let current = root;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const next = rewrite(current, { ...context, root: current });
    if (next === current) return current;
    current = next;
  }
  assert(false, `the optimizer did not settle in ${ROUNDS_MAX} rounds`);
}

/** One pass. Nodes that are used twice stay shared, and whatever is computed already is left as it is. */
function rewrite(root: LogicalNode, context: RuleContext): LogicalNode {
  const done = new Map<LogicalNode, LogicalNode>();
  for (const node of topological(root, context.isStored)) {
    if (context.isStored(node)) {
      done.set(node, node);
      continue;
    }
    let next: LogicalNode = withInputs(
      node,
      node.inputs.map((input) => done.get(input)!),
    );
    const isRoot = node === root;
    for (const rule of RULES) next = rule.apply(next, isRoot ? { ...context, root: next } : context);
    done.set(node, next);
  }
  return done.get(root)!;
}
