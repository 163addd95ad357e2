import { mgmtdError } from "../model/errors.ts";
import { NO_INCARNATION, type NodeInfo } from "../model/node.ts";
import type { Operation } from "./operation.ts";

/** A node's kind is for ever, and its host tag for as long as its chains fit it. */
export const registerNode: Operation<"registerNode"> = (state, { node: id, nodeKind: kind, host, tags }) => {
  const known = state.nodes.get(id);
  if (known !== undefined && known.kind !== kind) {
    throw mgmtdError("BAD_NODE", `node ${id} is a ${known.kind} node and cannot become a ${kind} node`, {
      hint: "choose another number",
    });
  }
  if (host === "") throw mgmtdError("BAD_NODE", `node ${id} needs a host tag`);
  if (new Set(tags.map(({ name }) => name)).size < tags.length) {
    throw mgmtdError("BAD_NODE", `a tag of node ${id} is given twice`);
  }
  const sorted = tags.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const node: NodeInfo = {
    ...(known ?? {
      id,
      kind,
      addresses: [],
      status: "registered",
      draining: false,
      incarnation: NO_INCARNATION,
    }),
    host,
    tags: sorted,
  };
  if (known !== undefined && known.host !== host) checkNeighbours(state, node);
  return { change: { nodes: [node] }, result: undefined };
};

/** No chain may come to have two replicas on one host by a change of the tag. */
function checkNeighbours(state: Parameters<Operation<"registerNode">>[0], node: NodeInfo): void {
  for (const chain of state.chains.values()) {
    const nodes = chain.targets.map(({ target }) => state.targets.get(target)?.node);
    if (!nodes.includes(node.id)) continue;
    const other = nodes.find(
      (each) => each !== undefined && each !== node.id && state.nodes.get(each)?.host === node.host,
    );
    if (other === undefined) continue;
    throw mgmtdError(
      "BAD_NODE",
      `nodes ${node.id} and ${other} of chain ${chain.id} would both be on ${node.host}`,
    );
  }
}
