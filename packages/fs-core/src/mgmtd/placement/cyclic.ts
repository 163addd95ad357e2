/**
 * Placements from differences: a few base groups, each moved around the circle of all nodes. Two nodes then share as many
 * chains as their distance occurs among the differences within base groups, so balancing all pairs is balancing a row of
 * counts, which takes no time for a thousand nodes. Balanced designs of this kind are known as cyclic difference families
 * (Colbourn and Dinitz, Handbook of Combinatorial Designs, part VI.16).
 */
import type { Random } from "@smallpond/base";

export interface CyclicRequest {
  readonly nodes: number;
  readonly replicas: number;
  /** Base groups; each gives `nodes` groups, and every node `replicas` places. */
  readonly orbits: number;
  /** Nodes whose distance is a multiple of it share a host: that never happens within a group. */
  readonly hosts: number;
}

/** Attempts at one set of base groups, each from the start; fewer where one takes long. */
const RESTARTS = 24;
/** Differences looked at in all attempts together, about. */
const WORK_MAX = 100_000_000;
/** Changes of one element tried in an attempt, for each element there is. */
const SWEEPS = 12;

/** All groups, those of one base group after another. */
export function cyclicGroups(request: CyclicRequest, random: Random): readonly (readonly number[])[] {
  const { nodes, replicas, orbits } = request;
  const work = nodes * replicas * replicas * orbits * SWEEPS;
  const restarts = Math.max(1, Math.min(RESTARTS, Math.floor(WORK_MAX / work)));
  let best: Search | undefined;
  for (let attempt = 0; attempt < restarts; attempt++) {
    const search = new Search(request, random);
    search.improve();
    if (best === undefined || search.cost < best.cost) best = search;
    if (best.cost === best.leastCost) break;
  }
  return best!.bases.flatMap((base) =>
    Array.from({ length: nodes }, (_, shift) => base.map((element) => (element + shift) % nodes)),
  );
}

class Search {
  readonly bases: number[][] = [];
  readonly #request: CyclicRequest;
  readonly #random: Random;
  /** How often each distance, and its opposite, occurs. */
  readonly #distances: Uint16Array;
  /** The sum of the squares of the counts. */
  cost = 0;

  constructor(request: CyclicRequest, random: Random) {
    this.#request = request;
    this.#random = random;
    this.#distances = new Uint16Array(request.nodes);
    for (let orbit = 0; orbit < request.orbits; orbit++) this.#addBase();
  }

  /** No base groups cost less: all distances that may occur do so equally often, give or take one. */
  get leastCost(): number {
    const { nodes, hosts, replicas, orbits } = this.#request;
    const usable = nodes - nodes / hosts;
    const total = orbits * replicas * (replicas - 1);
    const each = Math.floor(total / usable);
    const more = total - each * usable;
    return more * (each + 1) ** 2 + (usable - more) * each ** 2;
  }

  /** Changes single elements for as long as it helps, and a little longer. */
  improve(): void {
    const { replicas } = this.#request;
    if (replicas < 2) return;
    const elements = this.bases.length * (replicas - 1);
    for (let step = 0; step < SWEEPS * elements && this.cost > this.leastCost; step++) {
      const base = this.bases[this.#random.int(this.bases.length)]!;
      // The first stays 0: to move a whole base group changes nothing.
      const at = 1 + this.#random.int(replicas - 1);
      const old = base[at]!;
      this.#count(base, at, old, -1);
      base[at] = this.#bestElement(base, at);
      this.#count(base, at, base[at]!, 1);
    }
  }

  #addBase(): void {
    const base: number[] = [0];
    while (base.length < this.#request.replicas) {
      const element = this.#bestElement(base, base.length);
      this.#count(base, base.length, element, 1);
      base.push(element);
    }
    this.bases.push(base);
  }

  /** The element that costs least at a place, any of the best. */
  #bestElement(base: readonly number[], at: number): number {
    const { nodes, hosts } = this.#request;
    let best = -1;
    let bestCost = Number.POSITIVE_INFINITY;
    let ties = 0;
    for (let element = 1; element < nodes; element++) {
      let cost = 0;
      for (let other = 0; other < base.length && cost <= bestCost; other++) {
        if (other === at) continue;
        const distance = Math.abs(element - base[other]!);
        if (distance % hosts === 0) cost = Number.POSITIVE_INFINITY;
        else cost += 2 * this.#distances[distance]! + 1;
      }
      if (cost > bestCost || cost === Number.POSITIVE_INFINITY) continue;
      ties = cost < bestCost ? 1 : ties + 1;
      bestCost = cost;
      // Each of the best with the same probability.
      if (this.#random.int(ties) === 0) best = element;
    }
    return best;
  }

  #count(base: readonly number[], at: number, element: number, difference: 1 | -1): void {
    const { nodes } = this.#request;
    for (const [place, other] of base.entries()) {
      if (place === at) continue;
      const distance = Math.abs(element - other);
      for (const each of [distance, nodes - distance]) {
        const before = this.#distances[each]!;
        this.#distances[each] = before + difference;
        this.cost += difference === 1 ? 2 * before + 1 : 1 - 2 * before;
      }
    }
  }
}
