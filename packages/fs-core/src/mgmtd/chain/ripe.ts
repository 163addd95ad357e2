/**
 * When a chain may be judged. Failures come together: a power cut takes several replicas at once, but their leases end one
 * after the other; a machine dies while another one starts again. Whoever was heard of last would be left as the only
 * server of a version in which nobody ever wrote, and when its turn came it would be the only last server, although the
 * others are as complete. So nobody is dropped on the strength of a survivor that has not been heard of since: it soon
 * is, or it is known to be gone too.
 */
import type { TargetId } from "../../ids.ts";
import type { Chain, LocalState } from "../model/chain.ts";
import { isWhole } from "./next-chain.ts";

export interface Observation {
  readonly local: LocalState;
  /** Of one that is whole: when it was last heard of. Of another one: since when that is known. */
  readonly knownMs: number;
}

/**
 * - `ripe`: it may be judged.
 * - `unknown`: nothing is known yet of one of its replicas.
 * - `doubtful`: somebody is to be dropped, and a survivor has to be heard of first.
 */
export type Ripeness = "ripe" | "unknown" | "doubtful";

export function ripenessOf(chain: Chain, observe: (target: TargetId) => Observation | undefined): Ripeness {
  let lostMs = Number.NEGATIVE_INFINITY;
  let heardMs = Number.POSITIVE_INFINITY;
  for (const { target, state } of chain.targets) {
    const observation = observe(target);
    if (observation === undefined) return "unknown";
    if (state !== "serving") continue;
    if (isWhole(observation.local)) heardMs = Math.min(heardMs, observation.knownMs);
    else lostMs = Math.max(lostMs, observation.knownMs);
  }
  return heardMs < lostMs ? "doubtful" : "ripe";
}
