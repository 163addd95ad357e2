/** The action's operation. */
import type { ClusterState } from "../primary/cluster-state.ts";
import type { Departures } from "../primary/departures.ts";
import type { Decision } from "../primary/ledger.ts";
import type { OperatorAction } from "../service/actions.ts";
import { addTargetToChain, removeTargetFromChain } from "./chain-members.ts";
import { createChains } from "./create-chains.ts";
import { createTargets } from "./create-targets.ts";
import { drainNode } from "./drain-node.ts";
import { enableNode } from "./enable-node.ts";
import { holdTarget } from "./hold-target.ts";
import { knownChain } from "./operation.ts";
import { putTable } from "./put-table.ts";
import { registerNode } from "./register-node.ts";
import { rotateChainsLastServer } from "./rotate-last-server.ts";
import { setChainsPreferredOrder } from "./set-preferred-order.ts";

export function decideAction(
  state: ClusterState,
  action: OperatorAction,
  departures: Departures,
): Decision<number | undefined> {
  switch (action.kind) {
    case "registerNode":
      return registerNode(state, action);
    case "enableNode":
      return enableNode(state, action);
    case "drainNode":
      return drainNode(state, action);
    case "createTargets":
      return createTargets(state, action);
    case "createChains":
      return createChains(state, action);
    case "putTable":
      return putTable(state, action);
    case "addTarget":
      return addTargetToChain(state, action);
    case "removeTarget":
      return removeTargetFromChain(state, action);
    case "holdTarget":
      return holdTarget(state, action);
    case "rotateLastServer":
      return rotateChainsLastServer(state, action);
    case "setPreferredOrder":
      return setChainsPreferredOrder(state, action);
    case "rotateToPreferred":
      return { result: departures.recycle(knownChain(state, action.chain)) ?? 0 };
  }
}
