/** How far a cluster is, from its routing alone. */
import type { ChainId, NodeId } from "../../ids.ts";
import type { TargetState } from "../../mgmtd/model/chain.ts";
import { latestTable, type RoutingInfo } from "../../mgmtd/model/routing.ts";
import { type ClusterShape, tableOf } from "./shape.ts";

/**
 * - `whole`: all replicas of every chain serve.
 * - `serving`: all bytes can be read and written, by fewer replicas than there should be somewhere.
 * - `down`: some chain has nobody that serves, or there are no chains yet.
 */
export type ClusterStrength = "whole" | "serving" | "down";

export interface Readiness {
  readonly strength: ClusterStrength;
  /** Of the shape, and not alive. */
  readonly missingNodes: readonly NodeId[];
  readonly chains: number;
  /** Not all of their replicas serve. */
  readonly weakChains: readonly ChainId[];
  /** None of their replicas serves. */
  readonly deadChains: readonly ChainId[];
  /** Replicas of all chains, by state. */
  readonly replicas: Readonly<Partial<Record<TargetState, number>>>;
}

export function readinessOf(shape: Pick<ClusterShape, "nodes" | "table">, routing: RoutingInfo): Readiness {
  const missingNodes = shape.nodes
    .map(({ node }) => node)
    .filter((node) => routing.nodes.get(node)?.status !== "alive");
  const replicas: Partial<Record<TargetState, number>> = {};
  const weakChains: ChainId[] = [];
  const deadChains: ChainId[] = [];
  for (const { id, targets } of routing.chains.values()) {
    for (const { state } of targets) replicas[state] = (replicas[state] ?? 0) + 1;
    const serving = targets.filter(({ state }) => state === "serving").length;
    if (serving < targets.length) weakChains.push(id);
    if (serving === 0) deadChains.push(id);
  }
  const hasTable = latestTable(routing, tableOf(shape)) !== undefined;
  return {
    strength: !hasTable || deadChains.length > 0 ? "down" : weakChains.length > 0 ? "serving" : "whole",
    missingNodes,
    chains: routing.chains.size,
    weakChains,
    deadChains,
    replicas,
  };
}

/** `11 of 12 replicas serve, 1 syncs` */
export function readinessText({ replicas, chains }: Readiness): string {
  const counts = Object.entries(replicas);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const others = counts.filter(([state]) => state !== "serving").map(([state, count]) => `${count} ${state}`);
  const serving = `${replicas.serving ?? 0} of ${total} replicas of ${chains} chains serve`;
  return others.length === 0 ? serving : `${serving}, ${others.join(", ")}`;
}
