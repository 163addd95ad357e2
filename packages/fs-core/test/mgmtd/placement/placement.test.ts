import { fc, test } from "@fast-check/vitest";
import { SeededRandom } from "@smallpond/base";
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../../src/ids.ts";
import { balanceOf, formatBalance } from "../../../src/mgmtd/placement/balance.ts";
import { expandPlacement } from "../../../src/mgmtd/placement/expand.ts";
import { type PlacedNode, type Placement, placeChains } from "../../../src/mgmtd/placement/place-chains.ts";

function cluster(
  count: number,
  about: { readonly disks?: number; readonly perHost?: number } = {},
): PlacedNode[] {
  const { disks = 1, perHost = 1 } = about;
  return Array.from({ length: count }, (_, at) => ({
    node: (at + 1) as NodeId,
    host: `host ${Math.floor(at / perHost)}`,
    disks,
  }));
}

function place(nodes: readonly PlacedNode[], replicas: number, chainsPerDisk: number): Placement {
  return placeChains({ nodes, replicas, chainsPerDisk }, { random: new SeededRandom(1) });
}

function checkPlaces(nodes: readonly PlacedNode[], { chains }: Placement): void {
  const hosts = new Map(nodes.map(({ node, host }) => [node, host]));
  const disks = new Map(nodes.map((each) => [each.node, each.disks]));
  for (const chain of chains) {
    expect(new Set(chain.map(({ node }) => hosts.get(node))).size).toBe(chain.length);
    for (const { node, disk } of chain) expect(disk).toBeLessThan(disks.get(node)!);
  }
}

describe("placement", () => {
  it.each([
    [7, 3, 3, 1],
    [9, 3, 4, 1],
    [13, 4, 4, 1],
    [13, 3, 6, 1],
    [15, 3, 7, 1],
    [21, 5, 5, 1],
    [31, 6, 6, 1],
    [6, 3, 5, 2],
    [10, 4, 6, 2],
    [5, 3, 6, 3],
  ])(
    "finds the balanced design of %i nodes, chains of %i, %i targets a node",
    (nodes, replicas, targets, lambda) => {
      const { balance } = place(cluster(nodes), replicas, targets);
      expect(balance.shared).toEqual({ least: lambda, mean: lambda, most: lambda });
      expect(balance.mostBound).toBe(lambda);
      expect(balance.heads).toBe(balance.headsBound);
    },
  );

  it("uses every disk equally and says how balanced it is", () => {
    const nodes = cluster(12, { disks: 4 });
    const placement = place(nodes, 3, 6);
    checkPlaces(nodes, placement);
    const uses = new Map<string, number>();
    for (const chain of placement.chains) {
      for (const { node, disk } of chain) uses.set(`${node} ${disk}`, (uses.get(`${node} ${disk}`) ?? 0) + 1);
    }
    expect(new Set(uses.values())).toEqual(new Set([6]));
    expect(uses.size).toBe(48);
    expect(formatBalance(placement.balance)).toMatch(
      /^12 nodes, 96 chains of 3: two nodes share 4 to 5 chains, 4.36 on average, at best 5; a node is head of up to 8, at best 8$/,
    );
  });

  it("never puts two replicas of a chain on one host, and stays balanced over the others", () => {
    const nodes = cluster(24, { disks: 2, perHost: 4 });
    const placement = place(nodes, 3, 5);
    checkPlaces(nodes, placement);
    expect(placement.balance.shared.most).toBe(placement.balance.mostBound);
  });

  it("takes a thousand nodes with the least sharing there is", () => {
    const nodes = cluster(1000, { disks: 8 });
    const { balance, chains } = place(nodes, 3, 4);
    expect(chains.length).toBe(10_666);
    expect(balance.shared.most).toBe(1);
    expect(balance.heads).toBe(balance.headsBound);
  });

  it("is refused when hosts are too few or one is too large", () => {
    expect(() => place(cluster(2), 3, 1)).toThrow(/2 hosts/);
    const lopsided = [...cluster(3), { node: 4 as NodeId, host: "big", disks: 50 }];
    expect(() => place(lopsided, 3, 2)).toThrow(/twice/);
    expect(() => place(cluster(3), 17, 1)).toThrow(/17 replicas/);
    expect(() => place(cluster(3), 3, 0)).toThrow(/0 targets/);
  });

  it("is the same for the same request", () => {
    expect(place(cluster(20, { disks: 3 }), 3, 4).chains).toEqual(
      place(cluster(20, { disks: 3 }), 3, 4).chains,
    );
  });

  const anyCluster = fc.record({
    hosts: fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), {
      minLength: 4,
      maxLength: 9,
    }),
    replicas: fc.integer({ min: 1, max: 3 }),
    chainsPerDisk: fc.integer({ min: 1, max: 4 }),
  });

  test.prop([anyCluster], { numRuns: 20 })("fits any cluster that it does not refuse", (about) => {
    const { hosts, replicas, chainsPerDisk } = about;
    const nodes: PlacedNode[] = hosts.flatMap((disks, host) =>
      disks.map((count, at) => ({ node: (10 * host + at + 1) as NodeId, host: `h${host}`, disks: count })),
    );
    const places = nodes.reduce((sum, { disks }) => sum + disks * chainsPerDisk, 0);
    let placement: Placement;
    try {
      placement = place(nodes, replicas, chainsPerDisk);
    } catch (error) {
      const largest = Math.max(
        ...hosts.map((disks) => disks.reduce((sum, each) => sum + each, 0) * chainsPerDisk),
      );
      // A few places stay unused, and they need not be those of the largest host.
      expect(largest, String(error)).toBeGreaterThan(Math.floor(places / replicas) - replicas);
      return;
    }
    checkPlaces(nodes, placement);
    expect(placement.chains.length).toBe(Math.floor(places / replicas));
    for (const { node, disks } of nodes) {
      const uses = placement.chains.flat().filter((each) => each.node === node).length;
      expect(uses).toBeLessThanOrEqual(disks * chainsPerDisk);
      expect(uses).toBeGreaterThan(disks * chainsPerDisk - replicas);
    }
  });
});

describe("expansion", () => {
  function groupsOf({ chains }: Placement): number[][] {
    return chains.map((chain) => chain.map(({ node }) => node - 1));
  }

  it("moves no more replicas than the new nodes are to hold, and stays near the best balance", () => {
    const before = groupsOf(place(cluster(30), 3, 24));
    const hosts = Array.from({ length: 36 }, (_, at) => at);
    const { moves, movesBound, balance, groups } = expandPlacement(
      { groups: before, hosts, oldNodes: 30 },
      { random: new SeededRandom(3) },
    );
    expect(moves.length).toBe(movesBound);
    expect(movesBound).toBe(6 * 20);
    const counts = hosts.map((node) => groups.flat().filter((each) => each === node).length);
    expect(Math.min(...counts)).toBe(20);
    expect(Math.max(...counts)).toBeLessThanOrEqual(21);
    expect(balance.shared.most - balance.mostBound).toBeLessThanOrEqual(1);
    for (const [at, group] of groups.entries()) {
      const moved = moves.filter(({ group: each }) => each === at).length;
      const same = group.filter((node, place) => node === before[at]![place]).length;
      expect(same).toBe(group.length - moved);
    }
  });

  test.prop(
    [fc.integer({ min: 4, max: 16 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 99 })],
    {
      numRuns: 30,
    },
  )("keeps replicas of a chain on different hosts", (oldNodes, newNodes, seed) => {
    const before = groupsOf(place(cluster(oldNodes), 3, 6));
    const hosts = Array.from({ length: oldNodes + newNodes }, (_, at) => at);
    const { groups, moves, movesBound } = expandPlacement(
      { groups: before, hosts, oldNodes },
      { random: new SeededRandom(seed) },
    );
    expect(moves.length).toBe(movesBound);
    for (const group of groups) expect(new Set(group).size).toBe(3);
    for (const { from, to } of moves) {
      expect(from).toBeLessThan(oldNodes);
      expect(to).toBeGreaterThanOrEqual(oldNodes);
    }
  });

  it("lets a new node take over from nodes of its own host", () => {
    const request = {
      groups: [
        [0, 1],
        [0, 1],
      ],
      hosts: [0, 1, 0],
      oldNodes: 2,
    };
    const one = expandPlacement(request, { random: new SeededRandom(1) });
    expect(balanceOf(one.groups, request.hosts).shared.most).toBeLessThanOrEqual(2);
    const shut = {
      groups: [
        [0, 1],
        [0, 1],
        [0, 1],
      ],
      hosts: [0, 1, 0, 1, 0],
      oldNodes: 2,
    };
    const all = expandPlacement(shut, { random: new SeededRandom(1) });
    for (const group of all.groups) expect(new Set(group.map((node) => shut.hosts[node]!)).size).toBe(2);
  });
});
