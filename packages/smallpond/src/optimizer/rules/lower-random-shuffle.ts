import { partialSort } from "../../logical/partial-sort.ts";
import { partitionCount } from "../../logical/partition-count.ts";
import { repartition } from "../../logical/repartition.ts";
import type { Rule } from "../rule.ts";

/** A random shuffle is a random repartition into as many parts, then a random order within each. */
export const lowerRandomShuffle: Rule = {
  name: "lower-random-shuffle",
  apply(node, context) {
    if (node.kind !== "random-shuffle") return node;
    const input = node.inputs[0]!;
    const count = partitionCount(input);
    const dealt =
      count === 1
        ? input
        : repartition(context.derive(node, "dealt"), input, { kind: "random", count, seed: node.seed });
    // The order within a partition is drawn from the row's position, so that a seed gives the same order again.
    const key = node.seed === null ? "random()" : `hash(row_number() OVER (), ${node.seed}, 'order')`;
    return partialSort({ id: node.id, origin: node.origin }, dealt, [key]);
  },
};
