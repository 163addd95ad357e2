/**
 * How well a placement spreads recovery. When a node dies, each other node takes over the readers, and gives the copies,
 * of the chains that the two share; so the most that any two share is the measure. In a balanced incomplete block design
 * every two share equally many, which no placement can do better than.
 */
import { PairCounts } from "./pair-counts.ts";

export interface Balance {
  readonly nodes: number;
  readonly chains: number;
  readonly replicas: number;
  /** Chains that two nodes on different hosts share. */
  readonly shared: { readonly least: number; readonly mean: number; readonly most: number };
  /** No placement of these chains has a smaller `most`. */
  readonly mostBound: number;
  /** Chains whose head is on the busiest node, and the least that this can be. */
  readonly heads: number;
  readonly headsBound: number;
}

/** `hosts[i]` is what node `i` fails together with. The first of each group is its head. */
export function balanceOf(groups: readonly (readonly number[])[], hosts: readonly number[]): Balance {
  const pairs = PairCounts.of(hosts.length, groups);
  const replicas = groups[0]?.length ?? 0;
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  let total = 0;
  let count = 0;
  for (let a = 0; a < hosts.length; a++) {
    for (let b = a + 1; b < hosts.length; b++) {
      if (hosts[a] === hosts[b]) continue;
      const shared = pairs.between(a, b);
      least = Math.min(least, shared);
      most = Math.max(most, shared);
      total += shared;
      count += 1;
    }
  }
  return {
    nodes: hosts.length,
    chains: groups.length,
    replicas,
    shared: { least: count === 0 ? 0 : least, mean: count === 0 ? 0 : total / count, most },
    mostBound: mostBound(groups, hosts),
    heads: Math.max(0, ...headCounts(groups, hosts.length)),
    headsBound: Math.ceil(groups.length / Math.max(1, hosts.length)),
  };
}

/** `7 nodes, 7 chains of 3: two nodes share 1 to 1 chains, 1.00 on average, at best 1; heads 1, at best 1` */
export function formatBalance(balance: Balance): string {
  const { nodes, chains, replicas, shared, mostBound: bound, heads, headsBound } = balance;
  const range = `${shared.least} to ${shared.most} chains, ${shared.mean.toFixed(2)} on average`;
  return (
    `${nodes} nodes, ${chains} chains of ${replicas}: two nodes share ${range}, at best ${bound}; ` +
    `a node is head of up to ${heads}, at best ${headsBound}`
  );
}

/** A node in `r` chains shares them `r (k − 1)` times in all, with the nodes that are not on its host. */
function mostBound(groups: readonly (readonly number[])[], hosts: readonly number[]): number {
  const shares = new Array<number>(hosts.length).fill(0);
  for (const group of groups) for (const node of group) shares[node]! += group.length - 1;
  const onHost = new Map<number, number>();
  for (const host of hosts) onHost.set(host, (onHost.get(host) ?? 0) + 1);
  let bound = 0;
  for (const [node, host] of hosts.entries()) {
    const others = hosts.length - onHost.get(host)!;
    if (others > 0) bound = Math.max(bound, Math.ceil(shares[node]! / others));
  }
  return bound;
}

function headCounts(groups: readonly (readonly number[])[], nodes: number): readonly number[] {
  const counts = new Array<number>(nodes).fill(0);
  for (const [head] of groups) if (head !== undefined) counts[head]! += 1;
  return counts;
}
