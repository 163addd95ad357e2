/** Who of a chain is to let go, by the wishes of operators. */
import type { TargetId } from "../../ids.ts";
import type { Chain } from "../model/chain.ts";
import type { TargetHold } from "../model/target.ts";

/**
 * Targets that must not take part. Who is wanted out in order stays while the chain would not serve without it: as the
 * only server, or as a last server. If all servers are wanted out, the first stays until another has come.
 */
export function leavingTargets(chain: Chain, wish: (target: TargetId) => TargetHold): ReadonlySet<TargetId> {
  const leaving = new Set<TargetId>();
  const stays = chain.targets.find(({ target, state }) => state === "serving" && wish(target) === "none");
  let keeper = stays?.target;
  for (const { target, state } of chain.targets) {
    const hold = wish(target);
    if (hold === "none") continue;
    if (hold === "forced") leaving.add(target);
    else if (state === "serving" && keeper === undefined) keeper = target;
    else if (state !== "lastServer") leaving.add(target);
  }
  return leaving;
}
