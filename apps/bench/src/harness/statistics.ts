/** Few numbers from a noisy machine: the middle and how far the others are from it. */

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1
      ? (sorted[half] ?? Number.NaN)
      : ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2;
  return { min: sorted[0] ?? Number.NaN, median, max: sorted.at(-1) ?? Number.NaN };
}

/** Value by value, so that each pair was measured in the same round, under about the same load. */
export function pairwise(
  values: readonly number[],
  others: readonly number[],
  combine: (value: number, other: number) => number,
): number[] {
  return values.map((value, i) => combine(value, others[i] ?? Number.NaN));
}
