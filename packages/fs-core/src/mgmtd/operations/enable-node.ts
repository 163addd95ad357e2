import { knownNode, type Operation } from "./operation.ts";

/** A disabled node's heartbeats are refused; what it served is dropped when its lease has run out. */
export const enableNode: Operation<"enableNode"> = (state, { node: id, enabled }) => {
  const node = knownNode(state, id);
  if ((node.status !== "disabled") === enabled) return { result: undefined };
  return { change: { nodes: [{ ...node, status: enabled ? "registered" : "disabled" }] }, result: undefined };
};
