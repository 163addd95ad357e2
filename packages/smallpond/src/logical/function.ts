import type { FunctionForm } from "../functions/spec.ts";
import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

/** A JavaScript function over the rows or Arrow batches of each partition. */
export interface FunctionNode extends NodeBase<"function"> {
  readonly form: FunctionForm;
  /** Key of the function in the session, which holds it: nodes are data. */
  readonly functionId: string;
  readonly functionName: string;
}

export function functionNode(
  meta: NodeMeta,
  input: LogicalNode,
  settings: Pick<FunctionNode, "form" | "functionId" | "functionName">,
): FunctionNode {
  return Object.freeze({ ...meta, kind: "function", inputs: [input], ...settings });
}
