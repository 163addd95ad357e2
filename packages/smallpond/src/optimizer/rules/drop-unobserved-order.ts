import { isRowWise, type LogicalNode, withInputs } from "../../logical/node.ts";
import type { Rule, RuleContext } from "../rule.ts";

/** Takes out an order within partitions where the next verb does not keep any order. */
export const dropUnobservedOrder: Rule = {
  name: "drop-unobserved-order",
  apply(node, context) {
    if (!losesOrder(node)) {
      return node === context.root && context.observe === "rows" ? strip(node, context) : node;
    }
    return withInputs(
      node,
      node.inputs.map((input) => strip(input, context)),
    );
  },
};

// Aggregates such as list() and first(), and DISTINCT ON, do see the order of their input, so theirs stays.
function losesOrder(node: LogicalNode): boolean {
  if (node.kind === "join") return true;
  if (node.kind === "distinct") return node.on === null;
  return node.kind === "repartition" && node.spec.kind !== "even";
}

function strip(node: LogicalNode, context: RuleContext): LogicalNode {
  if (context.isStored(node)) return node;
  if (node.kind === "partial-sort") return node.inputs[0]!;
  if (isRowWise(node)) return withInputs(node, [strip(node.inputs[0]!, context)]);
  return node;
}
