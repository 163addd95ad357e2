/**
 * A process that has just started may stand in a chain in which the process before it served: the chain counts on updates
 * that were in its memory. So each target is reported `offline`, whatever its disk says, until the routing shows it where
 * nothing is expected of it; the chain drops it, and brings it in again as it does with anybody who was away.
 *
 * What is then reported of it may not be acted by yet: until the manager has noted it, `offline` is its last word there, and
 * a chain that is made with this target meanwhile is judged by that. It takes part from the routing on that was current
 * when the manager noted the first report that said more.
 */
import type { TargetId } from "../../ids.ts";
import type { TargetState } from "../model/chain.ts";
import { ANY_VERSION, type TargetReport } from "../model/report.ts";

export class StartGate {
  /** Those that are reported as they are; and in which version of the routing that was noted. */
  readonly #said: Map<TargetId, { notedIn: bigint | undefined }> = new Map();
  readonly #open: Set<TargetId> = new Set();

  /** Whether the target may take part. `routingVersion`: what this node knows at this moment. */
  isOpen(target: TargetId, routingVersion: bigint): boolean {
    if (this.#open.has(target)) return true;
    const notedIn = this.#said.get(target)?.notedIn;
    if (notedIn === undefined || routingVersion < notedIn) return false;
    this.#open.add(target);
    return true;
  }

  /** The reports as they may be sent. `stateOf` is of a routing that was read after this process started, if any was. */
  pass(
    reports: readonly TargetReport[],
    stateOf: ((target: TargetId) => TargetState | undefined) | undefined,
  ): readonly TargetReport[] {
    return reports.map((report) => {
      if (this.#said.has(report.target)) return report;
      if (stateOf !== undefined && !isExpected(stateOf(report.target))) {
        this.#said.set(report.target, { notedIn: undefined });
        return report;
      }
      return { ...report, local: "offline", chainVersion: ANY_VERSION };
    });
  }

  /** The manager has noted what was reported of these targets, when the routing had this version. Whether that was news. */
  noted(targets: Iterable<TargetId>, routingVersion: bigint): boolean {
    let isNews = false;
    for (const target of targets) {
      const said = this.#said.get(target);
      if (said === undefined || said.notedIn !== undefined) continue;
      said.notedIn = routingVersion;
      isNews = true;
    }
    return isNews;
  }

  /** Those that are reported as they are. */
  said(): readonly TargetId[] {
    return [...this.#said.keys()];
  }
}

function isExpected(state: TargetState | undefined): boolean {
  return state === "serving" || state === "syncing" || state === "waiting";
}
