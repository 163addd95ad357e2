/** A cluster as it stands: what everybody knows of it beside what its nodes have reported. Plain data, for people and programs. */
import { formatAddress } from "@smallpond/base";
import type { ChainId, NodeId, TargetId } from "../ids.ts";
import type { LocalState, TargetState } from "../mgmtd/model/chain.ts";
import type { NodeKind, NodeStatus } from "../mgmtd/model/node.ts";
import type { TargetReport } from "../mgmtd/model/report.ts";
import type { RoutingInfo } from "../mgmtd/model/routing.ts";
import type { TargetHold } from "../mgmtd/model/target.ts";
import type { StatusAnswer } from "../mgmtd/service/messages.ts";
import { type ClusterStrength, readinessOf } from "./bootstrap/readiness.ts";

export interface NodeStanding {
  readonly node: NodeId;
  readonly kind: NodeKind;
  readonly host: string;
  readonly status: NodeStatus;
  readonly draining: boolean;
  /** `host:port`, the first is tried first. */
  readonly addresses: readonly string[];
  /** Nothing of a node that has not been heard of in this term. */
  readonly silentMs: number | undefined;
  readonly configVersion: number | undefined;
  readonly configError: string | undefined;
}

export interface TargetStanding {
  readonly target: TargetId;
  readonly node: NodeId;
  readonly disk: number;
  readonly hold: TargetHold;
  /** Nothing of a target in no chain. */
  readonly chain: ChainId | undefined;
  /** What it is to its chain. */
  readonly state: TargetState | undefined;
  /** What it says of itself. */
  readonly local: LocalState | undefined;
  readonly usedBytes: bigint;
  readonly capacityBytes: bigint;
}

export interface ChainStanding {
  readonly chain: ChainId;
  readonly version: number;
  /** The head first. */
  readonly replicas: readonly {
    readonly target: TargetId;
    readonly node: NodeId | undefined;
    readonly state: TargetState;
  }[];
}

export interface ClusterStatus {
  readonly strength: ClusterStrength;
  /** Of the primary cluster manager. */
  readonly term: bigint;
  readonly routingVersion: bigint;
  readonly nodes: readonly NodeStanding[];
  readonly targets: readonly TargetStanding[];
  readonly chains: readonly ChainStanding[];
  /** Replicas of all chains, by state. */
  readonly replicas: Readonly<Partial<Record<TargetState, number>>>;
  readonly tables: readonly { readonly table: number; readonly version: number; readonly chains: number }[];
}

export function clusterStatus(routing: RoutingInfo, report: StatusAnswer): ClusterStatus {
  const { strength, replicas } = readinessOf({ nodes: [] }, routing);
  return {
    strength,
    term: report.term,
    routingVersion: routing.version,
    nodes: nodesOf(routing, report),
    targets: targetsOf(routing, report),
    chains: sorted(routing.chains.values(), ({ id }) => id).map(({ id, version, targets }) => ({
      chain: id,
      version,
      replicas: targets.map(({ target, state }) => ({
        target,
        node: routing.targets.get(target)?.node,
        state,
      })),
    })),
    replicas,
    tables: sorted(routing.tables.values(), ({ id, version }) => id + version / 2 ** 32).map(
      ({ id, version, chains }) => ({ table: id, version, chains: chains.length }),
    ),
  };
}

function nodesOf(routing: RoutingInfo, { nodes }: StatusAnswer): readonly NodeStanding[] {
  const reports = new Map(nodes.map((report) => [report.node, report]));
  return sorted(routing.nodes.values(), ({ id }) => id).map(
    ({ id, kind, host, status, draining, addresses }) => {
      const report = reports.get(id);
      return {
        node: id,
        kind,
        host,
        status,
        draining,
        addresses: addresses.map(formatAddress),
        silentMs: report?.silentMs,
        configVersion: report?.configVersion,
        configError: report?.configError,
      };
    },
  );
}

function targetsOf(routing: RoutingInfo, { nodes }: StatusAnswer): readonly TargetStanding[] {
  const reports = new Map<TargetId, TargetReport>();
  for (const { targets } of nodes) for (const report of targets) reports.set(report.target, report);
  const places = new Map<TargetId, { readonly chain: ChainId; readonly state: TargetState }>();
  for (const { id, targets } of routing.chains.values()) {
    for (const { target, state } of targets) places.set(target, { chain: id, state });
  }
  return sorted(routing.targets.values(), ({ id }) => id).map(({ id, node, disk, hold }) => {
    const [place, report] = [places.get(id), reports.get(id)];
    return {
      target: id,
      node,
      disk,
      hold,
      chain: place?.chain,
      state: place?.state,
      local: report?.local,
      usedBytes: report?.usedBytes ?? 0n,
      capacityBytes: report?.capacityBytes ?? 0n,
    };
  });
}

function sorted<T>(items: Iterable<T>, by: (item: T) => number): readonly T[] {
  return [...items].sort((a, b) => by(a) - by(b));
}
