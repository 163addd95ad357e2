/** How many chains each two nodes share: what the rest of a placement is judged by. */

/** A symmetric table of small counts. Groups are lists of different node indices, from 0. */
export class PairCounts {
  readonly nodes: number;
  readonly #counts: Uint16Array;

  constructor(nodes: number) {
    this.nodes = nodes;
    this.#counts = new Uint16Array(nodes * nodes);
  }

  static of(nodes: number, groups: readonly (readonly number[])[]): PairCounts {
    const pairs = new PairCounts(nodes);
    for (const group of groups) pairs.addGroup(group);
    return pairs;
  }

  between(a: number, b: number): number {
    return this.#counts[a * this.nodes + b]!;
  }

  add(a: number, b: number, difference: number): void {
    this.#counts[a * this.nodes + b]! += difference;
    this.#counts[b * this.nodes + a]! += difference;
  }

  addGroup(group: readonly number[]): void {
    for (let at = 0; at < group.length; at++) {
      for (let other = at + 1; other < group.length; other++) this.add(group[at]!, group[other]!, 1);
    }
  }

  /** By how much the sum of all squares rises if the node joins the others. */
  joinCost(node: number, others: readonly number[]): number {
    let cost = 0;
    const row = node * this.nodes;
    for (const other of others) cost += 2 * this.#counts[row + other]! + 1;
    return cost;
  }

  /** Replaces a node of a group by another. */
  replace(group: readonly number[], at: number, node: number): void {
    const old = group[at]!;
    for (const [place, other] of group.entries()) {
      if (place === at) continue;
      this.add(old, other, -1);
      this.add(node, other, 1);
    }
  }
}
