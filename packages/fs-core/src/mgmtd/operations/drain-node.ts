import { knownNode, type Operation } from "./operation.ts";

/** Its targets leave their chains where others serve, and come back when it is taken back. */
export const drainNode: Operation<"drainNode"> = (state, { node: id, draining }) => {
  const node = knownNode(state, id);
  if (node.draining === draining) return { result: undefined };
  return { change: { nodes: [{ ...node, draining }] }, result: undefined };
};
