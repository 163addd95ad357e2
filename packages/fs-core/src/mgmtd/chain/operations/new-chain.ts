/** A chain that never held anything: all of its replicas are equally complete. */
import { assert } from "@smallpond/base";
import { type ChainId, chainVersion, type TargetId } from "../../../ids.ts";
import { CHAIN_LIMITS, type Chain } from "../../model/chain.ts";
import { mgmtdError } from "../../model/errors.ts";

/** Throws `BAD_CHAIN` unless it has 1 to 16 different targets. The first is the head. */
export function newChain(id: ChainId, targets: readonly TargetId[]): Chain {
  assert(Number.isInteger(id), "a chain has a number");
  if (targets.length === 0 || targets.length > CHAIN_LIMITS.replicasMax) {
    throw mgmtdError("BAD_CHAIN", `chain ${id} cannot have ${targets.length} targets`, {
      hint: `give it 1 to ${CHAIN_LIMITS.replicasMax}`,
    });
  }
  if (new Set(targets).size < targets.length)
    throw mgmtdError("BAD_CHAIN", `chain ${id} names a target twice`);
  return {
    id,
    version: chainVersion(1),
    targets: targets.map((target) => ({ target, state: "serving" })),
    preferred: targets,
  };
}
