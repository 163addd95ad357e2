/**
 * New nodes for old chains: each takes its share of replicas over from nodes that have more than theirs. No replica moves
 * between old nodes, so no more data moves than the new nodes are to hold; which replicas those are is chosen for balance.
 */
import type { Random } from "@smallpond/base";
import { mgmtdError } from "../model/errors.ts";
import { type Balance, balanceOf } from "./balance.ts";
import { PairCounts } from "./pair-counts.ts";

export interface ExpandRequest {
  /** Chains as lists of node indices. */
  readonly groups: readonly (readonly number[])[];
  /** What each node fails together with; the new nodes stand behind the old ones. */
  readonly hosts: readonly number[];
  readonly oldNodes: number;
}

export interface Move {
  /** Which chain. */
  readonly group: number;
  readonly from: number;
  readonly to: number;
}

export interface Expansion {
  readonly groups: readonly (readonly number[])[];
  readonly moves: readonly Move[];
  /** The least number of moves after which every new node has its share. */
  readonly movesBound: number;
  readonly balance: Balance;
}

/** Places looked at for one replica. */
const CANDIDATES = 400;

/** Throws `BAD_PLACEMENT` if hosts leave a new node without a place. */
export function expandPlacement(request: ExpandRequest, deps: { readonly random: Random }): Expansion {
  const { hosts, oldNodes } = request;
  const groups = request.groups.map((group) => [...group]);
  const pairs = PairCounts.of(hosts.length, groups);
  const counts = new Array<number>(hosts.length).fill(0);
  for (const group of groups) for (const node of group) counts[node]! += 1;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const share = Math.floor(total / hosts.length);
  const moves: Move[] = [];
  // The new nodes take turns, so that none is left with what the others did not want.
  for (let turn = 0; turn < share; turn++) {
    for (let node = oldNodes; node < hosts.length; node++) {
      if (counts[node]! >= share) continue;
      const place = bestPlace({ groups, hosts, pairs, counts, node, share, oldNodes }, deps.random);
      if (place === undefined) {
        throw mgmtdError("BAD_PLACEMENT", `the host of new node ${node} is in too many chains already`);
      }
      const group = groups[place.group]!;
      const from = group[place.at]!;
      pairs.replace(group, place.at, node);
      group[place.at] = node;
      counts[from]! -= 1;
      counts[node]! += 1;
      moves.push({ group: place.group, from, to: node });
    }
  }
  const movesBound = share * (hosts.length - oldNodes);
  return { groups, moves, movesBound, balance: balanceOf(groups, hosts) };
}

interface Search {
  readonly groups: readonly (readonly number[])[];
  readonly hosts: readonly number[];
  readonly pairs: PairCounts;
  readonly counts: readonly number[];
  readonly node: number;
  readonly share: number;
  readonly oldNodes: number;
}

interface Place {
  readonly group: number;
  readonly at: number;
}

/** From whom the node takes a replica: an old node with many of them, where it shares little. */
function bestPlace(search: Search, random: Random): Place | undefined {
  const { groups } = search;
  let best: Place | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  const all = groups.length <= CANDIDATES;
  const looks = all ? groups.length : CANDIDATES;
  for (let look = 0; look < looks || (best === undefined && look < looks + groups.length); look++) {
    const group = all ? look % groups.length : look < looks ? random.int(groups.length) : look - looks;
    for (let at = 0; at < groups[group]!.length; at++) {
      const cost = costOf(search, group, at);
      if (cost >= bestCost) continue;
      best = { group, at };
      bestCost = cost;
    }
  }
  return best;
}

function costOf(search: Search, at: number, place: number): number {
  const { groups, hosts, pairs, counts, node, share, oldNodes } = search;
  const group = groups[at]!;
  const from = group[place]!;
  // Who has no more than its share gives nothing.
  if (from >= oldNodes || counts[from]! <= share) return Number.POSITIVE_INFINITY;
  const others = group.filter((_, other) => other !== place);
  if (others.some((other) => hosts[other] === hosts[node])) return Number.POSITIVE_INFINITY;
  let cost = pairs.joinCost(node, others);
  for (const other of others) cost += 1 - 2 * pairs.between(from, other);
  return cost - 0.5 * (counts[from]! - share);
}
