/**
 * When a chain may be judged. A power cut takes several replicas at once, but their leases end one after the other: who
 * was heard of last would be left as the only server of a version in which nobody ever wrote, and when its turn came it
 * would be the only last server, although the others are as complete. So nobody is dropped on the strength of a survivor
 * that has not been heard of lately; it soon is, or is known to be gone too.
 */
import type { TargetId } from "../../ids.ts";
import type { Chain, LocalState } from "../model/chain.ts";
import { isWhole } from "./next-chain.ts";

export interface Observation {
  readonly local: LocalState;
  /** Heard of within the last heartbeats, or known for certain. */
  readonly fresh: boolean;
}

/** Whether the chain may be judged by these observations; a replica of which nothing is known yet forbids it. */
export function isRipe(chain: Chain, observe: (target: TargetId) => Observation | undefined): boolean {
  let drops = false;
  let doubtful = false;
  for (const { target, state } of chain.targets) {
    const observation = observe(target);
    if (observation === undefined) return false;
    if (state !== "serving") continue;
    if (!isWhole(observation.local)) drops = true;
    else if (!observation.fresh) doubtful = true;
  }
  return !(drops && doubtful);
}
