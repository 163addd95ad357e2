/** What each stage of a plan is about: the nodes it computes, and the results and files it reads. */
import { isFileScan, type LogicalNode } from "../logical/node.ts";
import type { Repartition } from "../logical/repartition.ts";
import type { Stage } from "./stages.ts";

export interface StageStep {
  /** `sample` finds the bounds of a range shuffle. */
  readonly kind: Stage["kind"] | "sample";
  /** The node whose rows the stage writes. */
  readonly node: LogicalNode;
  /** Nodes whose rows it reads: files, rows of the program, results of other stages. */
  readonly reads: readonly LogicalNode[];
  /** Nodes it computes, `node` among them. */
  readonly computes: readonly LogicalNode[];
  /** One per partition of what it goes through. */
  readonly tasks: number;
  /** The shuffle it carries out, if it does. */
  readonly dealt: Repartition | null;
}

export interface Frontier {
  readonly reads: readonly LogicalNode[];
  readonly computes: readonly LogicalNode[];
}

/** What one statement for `root` computes and what it reads; `isResult` says of which nodes there are results. */
export function frontier(root: LogicalNode, isResult: (node: LogicalNode) => boolean): Frontier {
  const reads: LogicalNode[] = [];
  const computes: LogicalNode[] = [];
  const seen = new Set<LogicalNode>([root]);
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const isInput = isFileScan(node) || node.kind === "values" || (node !== root && isResult(node));
    (isInput ? reads : computes).push(node);
    if (isInput) continue;
    for (const input of node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      waiting.push(input);
    }
  }
  return { reads, computes: computes.reverse() };
}
