import { limit } from "../../logical/limit.ts";
import { withInputs } from "../../logical/node.ts";
import type { Rule } from "../rule.ts";

/** The first rows of a `map` are the map of the first rows: the function runs for those only. */
export const limitBelowMap: Rule = {
  name: "limit-below-map",
  apply(node, context) {
    if (node.kind !== "limit") return node;
    const mapped = node.inputs[0]!;
    if (mapped.kind !== "function" || mapped.form !== "map" || context.isStored(mapped)) return node;
    const first = limit(context.derive(node), mapped.inputs[0]!, node.count);
    // The result is another set of rows than the whole map's, so it must not be kept under that node's number.
    return { ...withInputs(mapped, [first]), id: node.id };
  },
};
