/** An ordered list of chains that files are striped over. A version of it never changes: files compute from it for life. */
import { type ChainId, type ChainTableId, chainTableIdCodec } from "../../ids.ts";
import { type Codec, list, mapped, struct, u32, varint } from "../../wire/codec/index.ts";

export interface ChainTable {
  readonly id: ChainTableId;
  /** From 1; changed content is the next version. */
  readonly version: number;
  /** All with the same number of replicas. */
  readonly chains: readonly ChainId[];
}

/** One row holds one version of a table. */
export const CHAIN_TABLE_LIMITS: { readonly chainsMax: number } = { chainsMax: 32_768 };

/** The difference to the chain before as a count: neighbours are usually numbered one after the other. */
const steps: Codec<readonly number[]> = list(varint, CHAIN_TABLE_LIMITS.chainsMax);

const chains: Codec<readonly ChainId[]> = mapped(
  steps,
  (ids) => ids.map((id, at) => zigzag(id - (at === 0 ? 0 : ids[at - 1]!))),
  (differences, reader) => {
    let last = 0;
    return differences.map((step) => {
      last += unzigzag(step);
      if (last < 1 || last > 0xffff_ffff) throw reader.bad(`${last} is no chain id`);
      return last as ChainId;
    });
  },
);

export const chainTableCodec: Codec<ChainTable> = struct({ id: chainTableIdCodec, version: u32, chains });

function zigzag(difference: number): number {
  return difference >= 0 ? 2 * difference : -2 * difference - 1;
}

function unzigzag(step: number): number {
  return step % 2 === 0 ? step / 2 : -(step + 1) / 2;
}
