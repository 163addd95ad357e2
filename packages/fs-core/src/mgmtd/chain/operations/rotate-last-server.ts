/**
 * The way out when no complete replica comes back: believe another one. What was acknowledged and is only on the old last
 * servers is lost.
 */
import type { TargetId } from "../../../ids.ts";
import type { Chain, ChainTarget } from "../../model/chain.ts";
import { mgmtdError } from "../../model/errors.ts";
import { withTargets } from "../next-chain.ts";
import { memberOf } from "./members.ts";

/**
 * The chain with `target` as its only last server and the old ones offline at the tail: when they come back, they sync.
 * Throws `CHAIN_BUSY` if somebody serves.
 */
export function rotateLastServer(chain: Chain, target: TargetId): Chain {
  const chosen = memberOf(chain, target);
  if (chain.targets.some(({ state }) => state === "serving")) {
    throw mgmtdError(
      "CHAIN_BUSY",
      `chain ${chain.id} has a serving replica, so it needs no other last server`,
    );
  }
  const others = chain.targets.filter((member) => member !== chosen && member.state !== "lastServer");
  const deposed = chain.targets.filter((member) => member !== chosen && member.state === "lastServer");
  const targets: readonly ChainTarget[] = [
    { target, state: "lastServer" },
    // Nobody serves, so nobody syncs.
    ...others.map(
      (member): ChainTarget => (member.state === "syncing" ? { ...member, state: "waiting" } : member),
    ),
    ...deposed.map((member): ChainTarget => ({ ...member, state: "offline" })),
  ];
  return withTargets(chain, targets);
}
