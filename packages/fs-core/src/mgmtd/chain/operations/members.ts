/** Adding and removing replicas. */
import type { TargetId } from "../../../ids.ts";
import { CHAIN_LIMITS, type Chain, type ChainTarget } from "../../model/chain.ts";
import { mgmtdError } from "../../model/errors.ts";
import { withTargets } from "../next-chain.ts";

/** The new replica is offline at the tail: the state machine brings it in. `BAD_CHAIN` if it is there or the chain is full. */
export function addTarget(chain: Chain, target: TargetId): Chain {
  if (chain.targets.some((member) => member.target === target)) {
    throw mgmtdError("BAD_CHAIN", `target ${target} is in chain ${chain.id} already`);
  }
  if (chain.targets.length >= CHAIN_LIMITS.replicasMax) {
    throw mgmtdError(
      "BAD_CHAIN",
      `chain ${chain.id} is full: ${CHAIN_LIMITS.replicasMax} targets are the most`,
    );
  }
  const added = withTargets(chain, [...chain.targets, { target, state: "offline" }]);
  return { ...added, preferred: [...chain.preferred, target] };
}

/** Only one that is offline can go: `CHAIN_BUSY` else. */
export function removeTarget(chain: Chain, target: TargetId): Chain {
  const { state } = memberOf(chain, target);
  if (state !== "offline") {
    throw mgmtdError(
      "CHAIN_BUSY",
      `target ${target} of chain ${chain.id} is ${state}, and only one offline goes`,
      {
        hint: "take it offline first",
      },
    );
  }
  const left = withTargets(
    chain,
    chain.targets.filter((member) => member.target !== target),
  );
  return { ...left, preferred: chain.preferred.filter((member) => member !== target) };
}

/** Throws `UNKNOWN_TARGET`. */
export function memberOf(chain: Chain, target: TargetId): ChainTarget {
  const member = chain.targets.find((each) => each.target === target);
  if (member === undefined)
    throw mgmtdError("UNKNOWN_TARGET", `target ${target} is not in chain ${chain.id}`);
  return member;
}
