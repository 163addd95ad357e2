/**
 * Who is to leave its chain: by what is stored (holds, draining nodes), and once, to come back at the tail. The latter is
 * in memory alone: if the primary changes on the way, the operator asks again.
 */
import type { ChainId, NodeId, TargetId } from "../../ids.ts";
import { leavingTargets } from "../chain/leaving.ts";
import { misplacedTarget } from "../chain/operations/preferred-order.ts";
import type { Chain } from "../model/chain.ts";
import { mgmtdError } from "../model/errors.ts";
import type { TargetHold } from "../model/target.ts";
import type { ClusterState } from "./cluster-state.ts";

export class Departures {
  /** The version in which each chain's target was asked to leave. */
  readonly #once: Map<ChainId, { readonly target: TargetId; readonly version: number }> = new Map();

  /** Asks the chain's misplaced target to leave; nothing if the preferred order is reached. Throws `CHAIN_BUSY`. */
  recycle(chain: Chain): TargetId | undefined {
    const target = misplacedTarget(chain);
    if (target === undefined) return undefined;
    if (chain.targets.length === 1) throw mgmtdError("CHAIN_BUSY", `chain ${chain.id} has a single replica`);
    this.#once.set(chain.id, { target, version: chain.version });
    return target;
  }

  /** Whether a target of the chain was asked to leave and come back. */
  isAsked(chain: ChainId): boolean {
    return this.#once.has(chain);
  }

  /** Targets of the chain that must not take part. */
  leaving(state: ClusterState, chain: Chain): ReadonlySet<TargetId> {
    const once = this.#once.get(chain.id);
    // Whatever else has happened to the chain meanwhile, the order is to be looked at anew.
    if (once !== undefined && once.version !== chain.version) this.#once.delete(chain.id);
    const recycled = this.#once.get(chain.id)?.target;
    return leavingTargets(chain, (target) => wishOf(state, target, recycled));
  }

  /** Of the targets that the node reports, those that it must let go. */
  ofNode(state: ClusterState, node: NodeId, targets: Iterable<TargetId>): readonly TargetId[] {
    const named: TargetId[] = [];
    for (const target of targets) {
      if (state.targets.get(target)?.node !== node) continue;
      const chain = state.chainOf(target);
      if (chain !== undefined && this.leaving(state, chain).has(target)) named.push(target);
    }
    return named;
  }
}

function wishOf(state: ClusterState, target: TargetId, recycled: TargetId | undefined): TargetHold {
  const info = state.targets.get(target);
  if (info === undefined || info.hold === "forced") return info?.hold ?? "none";
  if (info.hold === "orderly" || target === recycled) return "orderly";
  return state.nodes.get(info.node)?.draining === true ? "orderly" : "none";
}
