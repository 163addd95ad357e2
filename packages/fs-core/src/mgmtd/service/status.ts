/** What the primary knows beside the routing, in pieces. */
import type { NodeId } from "../../ids.ts";
import type { NodeReport } from "../model/report.ts";
import type { TargetInfo } from "../model/target.ts";
import type { Primary } from "../primary/primary.ts";
import type { StatusAnswer } from "./messages.ts";

/** Target reports in one answer, before the node that exceeds them. */
const TARGETS_MAX = 20_000;

export function statusOf(primary: Primary, from: number, nowMs: number): StatusAnswer {
  const { state, term } = primary;
  const nodes: NodeReport[] = [];
  const orphans: TargetInfo[] = [];
  let targets = 0;
  let more = false;
  for (const id of [...state.nodes.keys()].sort((a, b) => a - b)) {
    if (id < from) continue;
    const report = reportOf(primary, id, nowMs);
    if (report === undefined) continue;
    targets += report.targets.length;
    if (targets > TARGETS_MAX && nodes.length > 0) {
      more = true;
      break;
    }
    nodes.push(report);
    for (const { target } of report.targets) {
      const info = state.targets.get(target);
      if (info !== undefined && state.chainOf(target) === undefined && info.node === id) orphans.push(info);
    }
  }
  return { term: term.number, routingVersion: state.version, nodes, orphans, more };
}

function reportOf({ watch }: Primary, node: NodeId, nowMs: number): NodeReport | undefined {
  const beat = watch.last(node);
  if (beat === undefined) return undefined;
  const { incarnation, atMs, configVersion, configError, targets } = beat;
  return {
    node,
    incarnation,
    silentMs: nowMs - atMs,
    configVersion,
    configError,
    targets: [...targets.values()],
  };
}
