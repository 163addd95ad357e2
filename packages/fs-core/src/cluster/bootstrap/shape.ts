/** What a cluster is made of when it is first put together: plain data, the same for one process and for many machines. */
import { PondError } from "@smallpond/base";
import { type ChainTableId, chainTableId, type NodeId, type TargetId, targetId } from "../../ids.ts";
import { CHAIN_LIMITS } from "../../mgmtd/model/chain.ts";
import type { NodeKind } from "../../mgmtd/model/node.ts";

export interface ShapeNode {
  readonly node: NodeId;
  readonly kind: NodeKind;
  /** What fails together with it: no chain has two replicas under one host tag. */
  readonly host: string;
  /** Of a storage node; 0 for others. */
  readonly disks: number;
}

export interface ClusterShape {
  readonly nodes: readonly ShapeNode[];
  /** Of each chain. */
  readonly replicas: number;
  readonly targetsPerDisk: number;
  /** Which chain table files are laid out by. Default 1, which is what metadata services take by default. */
  readonly table?: ChainTableId;
  /** The same seed places the same nodes in the same way, so that what was interrupted goes on. Text is hashed. */
  readonly seed: string;
}

/** Targets that one node may have: their numbers follow from the node's. */
export const TARGETS_PER_NODE_MAX = 99;
const NODES_MAX = 9999;

/** `at` from 0. Target 3 of node 102 is 10203. */
export function targetOf(node: NodeId, at: number): TargetId {
  return targetId(node * 100 + at + 1);
}

/** The targets of one disk of a node; those of all of its disks are numbered one after the other. */
export function targetsOfDisk(
  { node }: Pick<ShapeNode, "node">,
  disk: number,
  targetsPerDisk: number,
): readonly TargetId[] {
  return Array.from({ length: targetsPerDisk }, (_, at) => targetOf(node, disk * targetsPerDisk + at));
}

export function tableOf({ table }: Pick<ClusterShape, "table">): ChainTableId {
  return table ?? chainTableId(1);
}

/** @throws BAD_CLUSTER with what is wrong in words that name options. */
export function checkShape({ nodes, replicas, targetsPerDisk }: ClusterShape): void {
  const storage = nodes.filter(({ kind }) => kind === "storage");
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > CHAIN_LIMITS.replicasMax) {
    throw badCluster(`chains cannot have ${replicas} replicas`, `choose 1 to ${CHAIN_LIMITS.replicasMax}`);
  }
  if (new Set(nodes.map(({ node }) => node)).size < nodes.length) {
    throw badCluster("two nodes have one number", "give each node a number of its own");
  }
  if (storage.length === 0) throw badCluster("there is no storage node", "add at least one");
  const hosts = new Set(storage.map(({ host }) => host)).size;
  if (hosts < replicas) {
    throw badCluster(
      `${replicas} replicas need ${replicas} storage nodes that fail apart, and there ${are(hosts)}`,
      "choose fewer replicas, or add storage nodes",
    );
  }
  for (const { node, disks } of storage) {
    if (node > NODES_MAX)
      throw badCluster(`${node} is too high for a storage node`, `stay below ${NODES_MAX}`);
    if (disks < 1) throw badCluster(`storage node ${node} has no disk`, "give it a directory at least");
    if (
      !Number.isInteger(targetsPerDisk) ||
      targetsPerDisk < 1 ||
      disks * targetsPerDisk > TARGETS_PER_NODE_MAX
    ) {
      throw badCluster(
        `a storage node cannot have ${disks} times ${targetsPerDisk} targets`,
        `choose 1 to ${TARGETS_PER_NODE_MAX} in all`,
      );
    }
  }
}

function are(count: number): string {
  return count === 1 ? "is 1" : `are ${count}`;
}

function badCluster(message: string, hint: string): PondError<"BAD_CLUSTER"> {
  return new PondError("BAD_CLUSTER", { kind: "invalid", message, hint });
}
