/** Placements for any nodes, one group after another, each from the nodes that share least so far. */
import type { Random } from "@smallpond/base";
import { mgmtdError } from "../model/errors.ts";
import type { PairCounts } from "./pair-counts.ts";

export interface GreedyRequest {
  readonly replicas: number;
  /** What each node fails together with. */
  readonly hosts: readonly number[];
  /** How many groups each node is to be in; the sum is a multiple of `replicas`. */
  readonly slots: readonly number[];
}

/** `pairs` has what is shared already, and is brought up to date. Throws `BAD_PLACEMENT` if the hosts do not allow it. */
export function greedyGroups(request: GreedyRequest, pairs: PairCounts, random: Random): number[][] {
  const { replicas, hosts } = request;
  const left = [...request.slots];
  const total = left.reduce((sum, count) => sum + count, 0);
  checkHosts(request, total / replicas);
  const groups: number[][] = [];
  const hostLeft = new Map<number, number>();
  for (const [node, host] of hosts.entries()) hostLeft.set(host, (hostLeft.get(host) ?? 0) + left[node]!);
  for (let open = total / replicas; open > 0; open--) {
    const group: number[] = [];
    while (group.length < replicas) {
      // A host with as many places left as there are groups has to be in every one of them.
      const node = pick({ ...request, left, hostLeft, group, open }, pairs, random);
      for (const other of group) pairs.add(node, other, 1);
      group.push(node);
      left[node]! -= 1;
      hostLeft.set(hosts[node]!, hostLeft.get(hosts[node]!)! - 1);
    }
    groups.push(group);
  }
  return groups;
}

interface Choice extends GreedyRequest {
  readonly left: readonly number[];
  readonly hostLeft: ReadonlyMap<number, number>;
  readonly group: readonly number[];
  /** Groups still to be filled, this one included. */
  readonly open: number;
}

function pick({ left, hosts, hostLeft, group, open }: Choice, pairs: PairCounts, random: Random): number {
  const taken = new Set(group.map((node) => hosts[node]!));
  const urgent = new Set<number>();
  for (const [host, count] of hostLeft) if (count >= open && !taken.has(host)) urgent.add(host);
  let best = -1;
  let bestCost = Number.POSITIVE_INFINITY;
  let ties = 0;
  for (let node = 0; node < left.length; node++) {
    const host = hosts[node]!;
    if (left[node] === 0 || taken.has(host) || (urgent.size > 0 && !urgent.has(host))) continue;
    // Who has most places left comes first among those that share least, so that all are used up together.
    const cost = pairs.joinCost(node, group) - left[node]! / (left[node]! + 1) / 2;
    if (group.length === 0 ? left[node]! < -bestCost : cost > bestCost) continue;
    const value = group.length === 0 ? -left[node]! : cost;
    ties = value < bestCost ? 1 : ties + 1;
    bestCost = value;
    if (random.int(ties) === 0) best = node;
  }
  return best;
}

/** A group has at most one node of a host, and every host has to get rid of its places. */
function checkHosts({ hosts, slots, replicas }: GreedyRequest, groups: number): void {
  const places = new Map<number, number>();
  for (const [node, host] of hosts.entries()) places.set(host, (places.get(host) ?? 0) + slots[node]!);
  for (const count of places.values()) {
    if (count <= groups) continue;
    throw mgmtdError(
      "BAD_PLACEMENT",
      `a host with ${count} replicas would be twice in one of ${groups} chains`,
      {
        hint: `chains of ${replicas} replicas need that many hosts of about the same size`,
      },
    );
  }
}
