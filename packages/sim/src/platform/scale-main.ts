/** `npx nx run sim:scale`: prints the table of 3, 30 and 180 storage nodes. */
import { formatScale, measureScale, type ScaleRow } from "../scale/scale.ts";

const SIZES: readonly number[] = [3, 30, 180];

const rows: ScaleRow[] = [];
for (const nodes of SIZES) {
  rows.push(await measureScale(nodes, { seed: 1, measureMs: 20, chunksPerChain: 40 }));
}
console.log(formatScale(rows));
