/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4), the checksum of pages and chunks (invariant I9).
 *
 * `crc32c` of "123456789" is 0xe3069283. A value is a whole number of 32 bits.
 */
import { coreAddon } from "../platform/core-addon.ts";
import { combineByPowers, joinByPowers } from "./combine.ts";
import { crc32cByTable } from "./table.ts";

export interface Crc32c {
  /** The CRC of `bytes`, continued from that of what came before; 0 to begin. */
  of(bytes: Uint8Array, before?: number): number;
  /** The CRC of each `pieceBytes` of the bytes, the last perhaps of fewer, into the first of `sums`. */
  each(bytes: Uint8Array, pieceBytes: number, sums: Uint32Array): void;
  /** The CRC of two pieces one after another, from theirs and the length of the second. */
  combine(first: number, second: number, bytesOfSecond: number): number;
  /** The CRC of what `before` is of, 0 for nothing, and of pieces of `pieceBytes` each behind it, from theirs. */
  join(before: number, sums: Uint32Array, pieceBytes: number): number;
  readonly implementation: "avx512" | "sse4.2" | "armv8" | "table" | "javascript";
}

export const JAVASCRIPT_CRC32C: Crc32c = {
  of: (bytes, before = 0) => crc32cByTable(bytes, before),
  each: (bytes, pieceBytes, sums) => {
    for (let at = 0, piece = 0; at < bytes.length; at += pieceBytes, piece++) {
      sums[piece] = crc32cByTable(bytes.subarray(at, at + pieceBytes), 0);
    }
  },
  combine: combineByPowers,
  join: joinByPowers,
  implementation: "javascript",
};

/** The fastest there is here. */
export function newCrc32c(): Crc32c {
  const core = coreAddon();
  if (core.kind === "missing") return JAVASCRIPT_CRC32C;
  const { addon } = core;
  return {
    of: (bytes, before = 0) => addon.crc32c(bytes, before),
    each: addon.crc32cEach,
    combine: addon.crc32cCombine,
    join: addon.crc32cJoin,
    implementation: addon.crc32cImplementation(),
  };
}
