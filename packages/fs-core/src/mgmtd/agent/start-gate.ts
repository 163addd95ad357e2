/**
 * A process that has just started may stand in a chain in which the process before it served: the chain counts on updates
 * that were in its memory. So each target is reported `offline`, whatever its disk says, until the routing shows it where
 * nothing is expected of it; the chain drops it, and brings it in again as it does with anybody who was away.
 */
import type { TargetId } from "../../ids.ts";
import type { TargetState } from "../model/chain.ts";
import type { TargetReport } from "../model/report.ts";

export class StartGate {
  readonly #open: Set<TargetId> = new Set();

  /** Whether the target may take part: what it reports is what is sent. */
  isOpen(target: TargetId): boolean {
    return this.#open.has(target);
  }

  /** The reports as they may be sent. `stateOf` is of a routing that was read after this process started, if any was. */
  pass(
    reports: readonly TargetReport[],
    stateOf: ((target: TargetId) => TargetState | undefined) | undefined,
  ): readonly TargetReport[] {
    return reports.map((report) => {
      if (this.#open.has(report.target)) return report;
      if (stateOf !== undefined && !isExpected(stateOf(report.target))) {
        this.#open.add(report.target);
        return report;
      }
      return { ...report, local: "offline" };
    });
  }
}

function isExpected(state: TargetState | undefined): boolean {
  return state === "serving" || state === "syncing" || state === "waiting";
}
