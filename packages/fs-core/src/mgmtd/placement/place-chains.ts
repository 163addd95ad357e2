/**
 * Where the replicas of chains go: on which nodes together, in which order, on which disks. Recovery traffic is balanced by
 * making every two nodes share about as many chains; no chain has two replicas that fail together.
 */
import type { Random } from "@smallpond/base";
import type { NodeId } from "../../ids.ts";
import { CHAIN_LIMITS } from "../model/chain.ts";
import { mgmtdError } from "../model/errors.ts";
import { type Balance, balanceOf } from "./balance.ts";
import { cyclicGroups } from "./cyclic.ts";
import { greedyGroups } from "./greedy.ts";
import { orderGroups } from "./heads.ts";
import { improveGroups } from "./local-search.ts";
import { PairCounts } from "./pair-counts.ts";

export interface PlacedNode {
  readonly node: NodeId;
  /** What fails together with it. */
  readonly host: string;
  readonly disks: number;
}

export interface PlacementRequest {
  readonly nodes: readonly PlacedNode[];
  readonly replicas: number;
  /** Targets on each disk. */
  readonly chainsPerDisk: number;
}

export interface ReplicaPlace {
  readonly node: NodeId;
  readonly disk: number;
}

export interface Placement {
  /** The head of each chain first. */
  readonly chains: readonly (readonly ReplicaPlace[])[];
  readonly balance: Balance;
}

/** Exchanges tried for each replica, within bounds for few and for many. */
const STEPS_PER_REPLICA = 400;
const STEPS_MAX = 3_000_000;
/** Small clusters are tried several times from the start; the best is taken. */
const SMALL_REPLICAS = 600;
const SMALL_ATTEMPTS = 8;

/**
 * Throws `BAD_PLACEMENT` when hosts are too few or too unequal. If the targets of all disks do not make whole chains,
 * fewer than `replicas` of them stay unused. The same request and random source give the same placement.
 */
export function placeChains(request: PlacementRequest, deps: { readonly random: Random }): Placement {
  const { nodes, replicas } = request;
  checkRequest(request);
  const hosts = hostNumbers(nodes);
  const slots = slotsOf(request);
  const order = circleOf(hosts);
  const groups = bestGroups(
    { replicas, hosts: order.map((at) => hosts[at]!), slots: order.map((at) => slots[at]!) },
    deps,
  );
  const ordered = orderGroups(
    groups.map((group) => group.map((at) => order[at]!)),
    nodes.length,
  );
  return { chains: onDisks(ordered, nodes), balance: balanceOf(ordered, hosts) };
}

interface GroupRequest {
  readonly replicas: number;
  readonly hosts: readonly number[];
  readonly slots: readonly number[];
}

function bestGroups(request: GroupRequest, { random }: { readonly random: Random }): number[][] {
  const small = total(request.slots) <= SMALL_REPLICAS;
  let best: { readonly groups: number[][]; readonly cost: number } | undefined;
  for (let attempt = 0; attempt < (small ? SMALL_ATTEMPTS : 1); attempt++) {
    // The differences are as good as can be or nearly so; what is over, and unequal nodes, are placed one by one.
    const groups = attempt % 2 === 0 ? fromCircle(request, random) : oneByOne(request, random);
    const cost = distanceFromBest(groups, request.hosts);
    if (best === undefined || cost < best.cost) best = { groups, cost };
    if (cost === 0) break;
  }
  return best!.groups;
}

function fromCircle(request: GroupRequest, random: Random): number[][] {
  const { replicas, hosts, slots } = request;
  const hostCount = new Set(hosts).size;
  const equal = hosts.every((host, at) => host === at % hostCount) && hosts.length % hostCount === 0;
  const orbits = equal ? Math.floor(Math.min(...slots) / replicas) : 0;
  if (orbits === 0) return oneByOne(request, random);
  const around = cyclicGroups({ nodes: hosts.length, replicas, orbits, hosts: hostCount }, random);
  const pairs = PairCounts.of(hosts.length, around);
  const rest = slots.map((count) => count - orbits * replicas);
  const others = greedyGroups({ replicas, hosts, slots: rest }, pairs, random);
  const groups = [...around.map((group) => [...group]), ...others];
  // Those around the circle are as they should be: only the others are exchanged, unless there are few of all.
  const changed = total(slots) <= SMALL_REPLICAS ? groups : others;
  if (distanceFromBest(groups, hosts) > 0) improve(changed, { pairs, hosts, random });
  return groups;
}

function oneByOne(request: GroupRequest, random: Random): number[][] {
  const pairs = new PairCounts(request.hosts.length);
  const groups = greedyGroups(request, pairs, random);
  if (distanceFromBest(groups, request.hosts) > 0) improve(groups, { pairs, hosts: request.hosts, random });
  return groups;
}

/** 0 if no placement is better; whole numbers are chains that two nodes share beyond the bound. */
function distanceFromBest(groups: readonly (readonly number[])[], hosts: readonly number[]): number {
  const { shared, mostBound } = balanceOf(groups, hosts);
  return shared.most - mostBound + Math.max(0, shared.most - shared.least - 1) / 1000;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function improve(
  groups: number[][],
  about: { readonly pairs: PairCounts; readonly hosts: readonly number[]; readonly random: Random },
): void {
  const replicas = groups.reduce((sum, group) => sum + group.length, 0);
  improveGroups(groups, about, { steps: Math.min(STEPS_MAX, STEPS_PER_REPLICA * replicas) });
}

function checkRequest({ nodes, replicas, chainsPerDisk }: PlacementRequest): void {
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > CHAIN_LIMITS.replicasMax) {
    throw mgmtdError("BAD_PLACEMENT", `chains cannot have ${replicas} replicas`);
  }
  if (!Number.isInteger(chainsPerDisk) || chainsPerDisk < 1) {
    throw mgmtdError("BAD_PLACEMENT", `a disk cannot have ${chainsPerDisk} targets`);
  }
  const hosts = new Set(nodes.map(({ host }) => host)).size;
  if (hosts < replicas) {
    throw mgmtdError("BAD_PLACEMENT", `chains of ${replicas} replicas do not fit on ${hosts} hosts`, {
      hint: "add hosts, or choose fewer replicas",
    });
  }
}

function hostNumbers(nodes: readonly PlacedNode[]): readonly number[] {
  const numbers = new Map<string, number>();
  return nodes.map(({ host }) => {
    const number = numbers.get(host) ?? numbers.size;
    numbers.set(host, number);
    return number;
  });
}

/** Places of each node, less the few that make no whole chain: those of the nodes that have most. */
function slotsOf({ nodes, replicas, chainsPerDisk }: PlacementRequest): readonly number[] {
  const slots = nodes.map(({ disks }) => disks * chainsPerDisk);
  let over = total(slots) % replicas;
  for (; over > 0; over--) slots[slots.indexOf(Math.max(...slots))]! -= 1;
  return slots;
}

/** Nodes in an order in which those of one host are as far apart as there are hosts, where hosts are of equal size. */
function circleOf(hosts: readonly number[]): readonly number[] {
  const seen = new Map<number, number>();
  const rank = hosts.map((host) => {
    const earlier = seen.get(host) ?? 0;
    seen.set(host, earlier + 1);
    return earlier;
  });
  return hosts.map((_, at) => at).sort((a, b) => rank[a]! - rank[b]! || hosts[a]! - hosts[b]!);
}

/** The disks of a node take turns. */
function onDisks(
  groups: readonly (readonly number[])[],
  nodes: readonly PlacedNode[],
): readonly (readonly ReplicaPlace[])[] {
  const used = new Array<number>(nodes.length).fill(0);
  return groups.map((group) =>
    group.map((at) => {
      const { node, disks } = nodes[at]!;
      const disk = used[at]! % disks;
      used[at]! += 1;
      return { node, disk };
    }),
  );
}
