/**
 * What has to be done to make a cluster of its nodes: a pure function of the cluster's shape and of what the manager knows
 * already. Each action changes nothing when it is done again, and the placement follows from the shape alone, so a
 * bootstrap that was interrupted anywhere goes on with what is missing.
 */
import { SeededRandom } from "@smallpond/base";
import { type ChainId, chainId, type NodeId } from "../../ids.ts";
import { latestTable, type RoutingInfo } from "../../mgmtd/model/routing.ts";
import { placeChains } from "../../mgmtd/placement/place-chains.ts";
import {
  ACTION_LIMITS,
  type ChainPlan,
  type OperatorAction,
  type TargetPlan,
} from "../../mgmtd/service/actions.ts";
import { type ClusterShape, checkShape, tableOf, targetsOfDisk } from "./shape.ts";

export interface BootstrapPlan {
  /** The chain table is there, which is made last: nothing is left to do. */
  readonly isDone: boolean;
  /** Says which nodes and targets there are; before nodes need to be up. */
  readonly members: readonly OperatorAction[];
  /** Puts targets into chains, and chains into the table. Only once all targets have been heard of: all of them serve then. */
  readonly chains: readonly OperatorAction[];
  /** In the order of their numbers. */
  readonly targets: readonly TargetPlan[];
}

/** @throws BAD_CLUSTER */
export function planBootstrap(shape: ClusterShape, routing: RoutingInfo): BootstrapPlan {
  checkShape(shape);
  const table = tableOf(shape);
  const targets = targetsOf(shape);
  if (latestTable(routing, table) !== undefined) return { isDone: true, members: [], chains: [], targets };
  const chains = chainsOfShape(shape);
  return {
    isDone: false,
    members: [...newNodes(shape, routing), ...newTargets(targets, routing)],
    chains: [...newChains(chains, routing), { kind: "putTable", table, chains: chains.map(({ id }) => id) }],
    targets,
  };
}

function newNodes({ nodes }: ClusterShape, routing: RoutingInfo): OperatorAction[] {
  return nodes
    .filter(({ node, host }) => routing.nodes.get(node)?.host !== host)
    .map(({ node, kind, host }) => ({ kind: "registerNode", node, nodeKind: kind, host, tags: [] }));
}

function newTargets(targets: readonly TargetPlan[], routing: RoutingInfo): OperatorAction[] {
  const missing = targets.filter(({ id }) => !routing.targets.has(id));
  return inPieces(missing, ACTION_LIMITS.targetsMax).map((piece) => ({
    kind: "createTargets",
    targets: piece,
  }));
}

function newChains(chains: readonly ChainPlan[], routing: RoutingInfo): OperatorAction[] {
  const missing = chains.filter(({ id }) => !routing.chains.has(id));
  return inPieces(missing, ACTION_LIMITS.chainsMax).map((piece) => ({ kind: "createChains", chains: piece }));
}

function targetsOf({ nodes, targetsPerDisk }: ClusterShape): readonly TargetPlan[] {
  return nodes.flatMap((node) =>
    Array.from({ length: node.disks }, (_, disk) =>
      targetsOfDisk(node, disk, targetsPerDisk).map((id) => ({ id, node: node.node, disk })),
    ).flat(),
  );
}

/** Each place of the placement takes the next target of its disk. */
function chainsOfShape(shape: ClusterShape): readonly ChainPlan[] {
  const { nodes, replicas, targetsPerDisk: chainsPerDisk, seed } = shape;
  const placed = nodes
    .filter(({ kind }) => kind === "storage")
    .map(({ node, host, disks }) => ({ node, host, disks }));
  const placement = placeChains(
    { nodes: placed, replicas, chainsPerDisk },
    { random: new SeededRandom(seed) },
  );
  const taken = new Map<string, number>();
  const next = (node: NodeId, disk: number) => {
    const at = taken.get(`${node}.${disk}`) ?? 0;
    taken.set(`${node}.${disk}`, at + 1);
    return targetsOfDisk({ node }, disk, chainsPerDisk)[at]!;
  };
  return placement.chains.map((places, at): ChainPlan => {
    const id: ChainId = chainId(at + 1);
    return { id, targets: places.map(({ node, disk }) => next(node, disk)) };
  });
}

function inPieces<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, at) => items.slice(at * size, (at + 1) * size));
}
