import { isRowWise, type LogicalNode, withInputs } from "../../logical/node.ts";
import type { Rule, RuleContext } from "../rule.ts";

/**
 * Takes out a repartition that nobody can see: one whose rows go, through verbs that look at one row at a time, into
 * a verb over whole frames, into another repartition, or out of the job as plain rows.
 */
export const dropUnobservedPartitions: Rule = {
  name: "drop-unobserved-partitions",
  apply(node, context) {
    if (seesWholeInputs(node)) {
      return withInputs(
        node,
        node.inputs.map((input) => strip(input, context)),
      );
    }
    const top = node === context.root && context.observe === "rows";
    return top ? strip(node, context) : node;
  },
};

function seesWholeInputs(node: LogicalNode): boolean {
  switch (node.kind) {
    case "aggregate":
    case "distinct":
    case "union":
    case "limit":
    case "sql":
    case "repartition":
      return true;
    case "write":
      return node.spec.singleFile;
    case "join":
    case "sort":
      return node.partitions === null || node.partitions === 1;
    default:
      return false;
  }
}

function strip(node: LogicalNode, context: RuleContext): LogicalNode {
  if (context.isStored(node)) return node;
  if (node.kind === "repartition") return strip(node.inputs[0]!, context);
  if (isRowWise(node)) return withInputs(node, [strip(node.inputs[0]!, context)]);
  return node;
}
