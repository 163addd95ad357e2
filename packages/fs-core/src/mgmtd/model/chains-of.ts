/**
 * Which chains a file lies on: computed from its layout and the chain table, never looked up. Files live as long as this
 * rule, so it is written down here to the last bit and held still by golden vectors.
 *
 * Let `n` be the table's number of chains and `s` the stripe, `1 ≤ s ≤ n`.
 *
 * 1. *Bits.* SplitMix64 starts from the state `seed` (an unsigned 32-bit number). Its first two outputs `x`, `y` are the
 *    state of xoshiro128** (version 1.1): the words low half of `x`, high half of `x`, low half of `y`, high half of `y`.
 * 2. *Draw below `b`* (`1 ≤ b ≤ 2^32`): take outputs `u` of xoshiro128** until `u < 2^32 − (2^32 mod b)`; the draw is
 *    `u mod b`.
 * 3. *Shuffle.* Start with the positions 0 … n−1 of the table. For `i` from 0 to s−1: draw `d` below `n − i` and exchange the
 *    positions at `i` and `i + d` (Fisher–Yates, stopped after `s` steps).
 * 4. The file's chain number `i` is the chain at the `i`-th position; chunk `c` lies on number `c mod s`.
 */
import { assert, splitMix64, xoshiro128starstar } from "@smallpond/base";
import type { ChainId } from "../../ids.ts";
import type { ChainTable } from "./chain-table.ts";

/** What of a file's layout decides. */
export interface StripeChoice {
  readonly stripe: number;
  readonly seed: number;
}

/** The stripe's chains in order. The table must be the one, in the version, that the layout names. */
export function chainsOf(layout: StripeChoice, table: Pick<ChainTable, "chains">): readonly ChainId[] {
  const { stripe, seed } = layout;
  const count = table.chains.length;
  assert(stripe >= 1, `a stripe has at least one chain, not ${stripe}`);
  assert(stripe <= count, `a stripe of ${stripe} chains in a table of ${count}`);
  const drawBelow = drawsFrom(seed);
  // Only the positions that were exchanged: a table has thousands of chains, and a stripe sixteen.
  const moved = new Map<number, number>();
  const chains: ChainId[] = [];
  for (let index = 0; index < stripe; index++) {
    const other = index + drawBelow(count - index);
    const position = moved.get(other) ?? other;
    moved.set(other, moved.get(index) ?? index);
    chains.push(table.chains[position]!);
  }
  return chains;
}

function drawsFrom(seed: number): (bound: number) => number {
  assert(Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff, `a seed is a u32, not ${seed}`);
  const fill = splitMix64(BigInt(seed));
  const [x, y] = [fill(), fill()];
  const next = xoshiro128starstar([low(x), high(x), low(y), high(y)]);
  return (bound) => {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const draw = next();
      if (draw < limit) return draw % bound;
    }
  };
}

function low(word: bigint): number {
  return Number(word & 0xffff_ffffn);
}

function high(word: bigint): number {
  return Number(word >> 32n);
}
