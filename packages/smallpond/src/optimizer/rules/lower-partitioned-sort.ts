import { partialSort } from "../../logical/partial-sort.ts";
import { repartition } from "../../logical/repartition.ts";
import type { Rule } from "../rule.ts";

/** A sort in `n` partitions is a range repartition by sampled bounds, then each range sorted by itself. */
export const lowerPartitionedSort: Rule = {
  name: "lower-partitioned-sort",
  apply(node, context) {
    if (node.kind !== "sort" || node.partitions === null || node.partitions === 1) return node;
    const ranges = repartition(context.derive(node, "ranges"), node.inputs[0]!, {
      kind: "range",
      keys: node.keys,
      count: node.partitions,
    });
    return partialSort({ id: node.id, origin: node.origin }, ranges, node.keys);
  },
};
