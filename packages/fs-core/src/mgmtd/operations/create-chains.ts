import { newChain } from "../chain/operations/new-chain.ts";
import type { Chain } from "../model/chain.ts";
import { mgmtdError } from "../model/errors.ts";
import type { ClusterState } from "../primary/cluster-state.ts";
import type { ChainPlan } from "../service/actions.ts";
import { checkHosts, type Operation } from "./operation.ts";

/** All or none. A chain that is there must have the same targets: an upload that is done again changes nothing. */
export const createChains: Operation<"createChains"> = (state, { chains }) => {
  const made = new Map<number, Chain>();
  const used = new Set<number>();
  for (const plan of chains) {
    if (isThere(state, plan)) continue;
    if (made.has(plan.id)) throw mgmtdError("BAD_CHAIN", `chain ${plan.id} is given twice`);
    made.set(plan.id, newChain(plan.id, plan.targets));
    checkHosts(state, plan.id, plan.targets);
    for (const target of plan.targets) {
      const other = state.chainOf(target)?.id;
      if (other !== undefined || used.has(target)) {
        throw mgmtdError("BAD_CHAIN", `target ${target} cannot be in chain ${plan.id}: it is in another`, {
          details: other === undefined ? {} : { chain: other },
        });
      }
      used.add(target);
    }
  }
  return { change: { chains: [...made.values()] }, result: undefined };
};

function isThere(state: ClusterState, plan: ChainPlan): boolean {
  const known = state.chains.get(plan.id);
  if (known === undefined) return false;
  const members = new Set(known.targets.map(({ target }) => target));
  if (members.size === plan.targets.length && plan.targets.every((target) => members.has(target)))
    return true;
  throw mgmtdError("BAD_CHAIN", `chain ${plan.id} is there with targets ${[...members].join(", ")}`, {
    hint: "add and remove targets one by one",
  });
}
