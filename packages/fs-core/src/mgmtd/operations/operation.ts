/** How an operator's action is decided: on what is stored, as a change to it. */
import type { NodeId, TargetId } from "../../ids.ts";
import { type ChainId, chainId } from "../../ids.ts";
import type { Chain } from "../model/chain.ts";
import { mgmtdError } from "../model/errors.ts";
import type { NodeInfo } from "../model/node.ts";
import type { TargetInfo } from "../model/target.ts";
import type { ClusterState } from "../primary/cluster-state.ts";
import type { Decision } from "../primary/ledger.ts";
import type { OperatorAction } from "../service/actions.ts";

export type ActionOf<K extends OperatorAction["kind"]> = Extract<OperatorAction, { readonly kind: K }>;

/** The number is what the action says it answers with. Throws what is refused. */
export type Operation<K extends OperatorAction["kind"]> = (
  state: ClusterState,
  action: ActionOf<K>,
) => Decision<number | undefined>;

export function knownNode(state: ClusterState, id: NodeId): NodeInfo {
  const node = state.nodes.get(id);
  if (node === undefined) throw mgmtdError("UNKNOWN_NODE", `there is no node ${id}`);
  return node;
}

export function knownTarget(state: ClusterState, id: TargetId): TargetInfo {
  const target = state.targets.get(id);
  if (target === undefined) {
    throw mgmtdError("UNKNOWN_TARGET", `there is no target ${id}`, {
      hint: "start the storage service that has it, or create it first",
    });
  }
  return target;
}

export function knownChain(state: ClusterState, id: ChainId): Chain {
  const chain = state.chains.get(chainId(id));
  if (chain === undefined) throw mgmtdError("UNKNOWN_CHAIN", `there is no chain ${id}`);
  return chain;
}

/** Throws `BAD_CHAIN` if two of the targets share a host tag: they would fail together. */
export function checkHosts(state: ClusterState, chain: ChainId, targets: readonly TargetId[]): void {
  const hosts = new Map<string, TargetId>();
  for (const target of targets) {
    const { host } = knownNode(state, knownTarget(state, target).node);
    const other = hosts.get(host);
    if (other !== undefined) {
      throw mgmtdError(
        "BAD_CHAIN",
        `targets ${other} and ${target} of chain ${chain} are both on host ${host}`,
        {
          hint: "choose targets of different hosts, or correct the host tags of the nodes",
        },
      );
    }
    hosts.set(host, target);
  }
}
