/** Exchanges nodes between groups for as long as pairs become more even: simulated annealing over the sum of squares. */
import type { Random } from "@smallpond/base";
import type { PairCounts } from "./pair-counts.ts";

export interface LocalSearchSettings {
  /** Exchanges to try. */
  readonly steps: number;
}

/** Where annealing begins: a change for the worse by one pair of squares is often taken. */
const HEAT = 1.2;

/** Changes the groups in place, and the pairs with them. Every node stays in as many groups. */
export function improveGroups(
  groups: number[][],
  about: { readonly pairs: PairCounts; readonly hosts: readonly number[]; readonly random: Random },
  settings: LocalSearchSettings,
): void {
  const { pairs, hosts, random } = about;
  if (groups.length < 2) return;
  for (let step = 0; step < settings.steps; step++) {
    const heat = HEAT * (1 - step / settings.steps) ** 2;
    const a = groups[random.int(groups.length)]!;
    const b = groups[random.int(groups.length)]!;
    const [at, bt] = [random.int(a.length), random.int(b.length)];
    if (!mayExchange(a, at, b, bt, hosts)) continue;
    const change = exchangeCost(a, at, b, bt, pairs);
    if (change > 0 && (heat === 0 || random.next() >= Math.exp(-change / (4 * heat)))) continue;
    exchange(a, at, b, bt, pairs);
  }
}

function mayExchange(
  a: readonly number[],
  at: number,
  b: readonly number[],
  bt: number,
  hosts: readonly number[],
): boolean {
  const [x, y] = [a[at]!, b[bt]!];
  if (a === b || x === y) return false;
  return fits(a, at, hosts[y]!, hosts) && fits(b, bt, hosts[x]!, hosts);
}

function fits(group: readonly number[], at: number, host: number, hosts: readonly number[]): boolean {
  return group.every((other, place) => place === at || hosts[other] !== host);
}

/** By how much the sum of squares rises. Exact: what both groups have in common is told apart by doing it. */
function exchangeCost(a: number[], at: number, b: number[], bt: number, pairs: PairCounts): number {
  const [x, y] = [a[at]!, b[bt]!];
  const others = a.filter((_, place) => place !== at);
  const theirs = b.filter((_, place) => place !== bt);
  let cost = 0;
  const touch = (node: number, other: number, difference: 1 | -1): void => {
    const before = pairs.between(node, other);
    cost += difference === 1 ? 2 * before + 1 : 1 - 2 * before;
    pairs.add(node, other, difference);
  };
  for (const other of others) touch(x, other, -1);
  for (const other of theirs) touch(y, other, -1);
  for (const other of others) touch(y, other, 1);
  for (const other of theirs) touch(x, other, 1);
  // Back again, in the other order: the sum is what counts.
  for (const other of others) {
    pairs.add(y, other, -1);
    pairs.add(x, other, 1);
  }
  for (const other of theirs) {
    pairs.add(x, other, -1);
    pairs.add(y, other, 1);
  }
  return cost;
}

function exchange(a: number[], at: number, b: number[], bt: number, pairs: PairCounts): void {
  const [x, y] = [a[at]!, b[bt]!];
  pairs.replace(a, at, y);
  a[at] = y;
  pairs.replace(b, bt, x);
  b[bt] = x;
}
