/** What a cluster manager counts. Gauges are of the primary; of the others they are 0. */
import type { Counter, Family, Gauge, Metrics } from "../../service/metrics.ts";
import { TARGET_STATES } from "../model/chain.ts";
import type { NodeStatus } from "../model/node.ts";
import type { ClusterState } from "./cluster-state.ts";

export interface MgmtdMetrics {
  readonly commits: Counter;
  readonly terms: Counter;
  readonly primary: Gauge;
  readonly routingVersion: Gauge;
  readonly nodes: Family<Gauge>;
  readonly targets: Family<Gauge>;
}

const NODE_STATUSES: readonly NodeStatus[] = ["registered", "alive", "failed", "disabled"];

export function mgmtdMetrics(metrics: Metrics): MgmtdMetrics {
  return {
    commits: metrics.counter("pond_mgmtd_commits_total", "Changes of the routing that were made durable."),
    terms: metrics.counter("pond_mgmtd_terms_total", "Times that this process became the primary."),
    primary: metrics.gauge("pond_mgmtd_primary", "1 while this process is the primary."),
    routingVersion: metrics.gauge("pond_mgmtd_routing_version", "The version of the routing."),
    nodes: metrics.gauges("pond_mgmtd_nodes", "Nodes by their status.", ["status"]),
    targets: metrics.gauges("pond_mgmtd_targets", "Replicas of chains by their state.", ["state"]),
  };
}

/** Sets the gauges by what is stored; without a state to what is not the primary's. */
export function showState(metrics: MgmtdMetrics, state: ClusterState | undefined): void {
  metrics.primary.set(state === undefined ? 0 : 1);
  metrics.routingVersion.set(Number(state?.version ?? 0n));
  const statuses = new Map(NODE_STATUSES.map((status) => [status, 0]));
  for (const { status } of state?.nodes.values() ?? []) statuses.set(status, statuses.get(status)! + 1);
  for (const [status, count] of statuses) metrics.nodes.of(status).set(count);
  const states = new Map(TARGET_STATES.map((each) => [each, 0]));
  for (const { targets } of state?.chains.values() ?? []) {
    for (const member of targets) states.set(member.state, states.get(member.state)! + 1);
  }
  for (const [each, count] of states) metrics.targets.of(each).set(count);
}
