import { addTarget, memberOf, removeTarget } from "../chain/operations/members.ts";
import { mgmtdError } from "../model/errors.ts";
import { checkHosts, knownChain, knownTarget, type Operation } from "./operation.ts";

/** The new replica comes in offline at the tail, syncs, and serves. */
export const addTargetToChain: Operation<"addTarget"> = (state, { chain: id, target }) => {
  const chain = knownChain(state, id);
  knownTarget(state, target);
  const other = state.chainOf(target);
  if (other !== undefined && other.id !== id) {
    throw mgmtdError("BAD_CHAIN", `target ${target} is in chain ${other.id} already`);
  }
  const added = addTarget(chain, target);
  checkHosts(
    state,
    id,
    added.targets.map((member) => member.target),
  );
  return { change: { chains: [added] }, result: undefined };
};

/** Only one that is offline goes. Nothing holds it any more, so that it may be used elsewhere. */
export const removeTargetFromChain: Operation<"removeTarget"> = (state, { chain: id, target }) => {
  const chain = knownChain(state, id);
  memberOf(chain, target);
  const left = removeTarget(chain, target);
  const info = knownTarget(state, target);
  const targets = info.hold === "none" ? [] : [{ ...info, hold: "none" as const }];
  return { change: { chains: [left], targets }, result: undefined };
};
