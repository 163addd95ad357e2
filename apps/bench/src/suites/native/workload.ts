/** What the sides of a disk benchmark do: so many operations of a size, at random or in order, so many at once. */

export interface Workload {
  readonly kind: "read" | "write";
  readonly order: "random" | "sequential";
  readonly blockBytes: number;
  readonly depth: number;
  readonly operations: number;
}

/** Positions of a round, the same ones for every side of ours. */
export function positions({ order, blockBytes, operations }: Workload, fileBytes: number): Float64Array {
  const blocks = fileBytes / blockBytes;
  let state = 12_345;
  return Float64Array.from({ length: operations }, (_, i) => {
    if (order === "sequential") return (i % blocks) * blockBytes;
    // Numerical Recipes' generator: any will do that both sides have.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state % blocks) * blockBytes;
  });
}

export function checkOf({ operations, blockBytes }: Workload): string {
  return `${operations} × ${blockBytes} bytes`;
}
