/**
 * Pages: a chunk's bytes are checked in pieces of 4 KiB, each with a CRC-32C of its valid bytes (I9). The chunk's CRC is
 * put together from those of its pages and never computed over the whole again.
 *
 * A CRC is linear: the chunk's is the exclusive or of each page's moved by the bytes behind it. So an overwrite changes
 * it by what the changed pages differ, whatever the size of the chunk.
 */
import type { Crc32c } from "@smallpond/fs-native";

export const PAGE_BYTES = 4096;

export type Crc = Pick<Crc32c, "of" | "each" | "combine" | "join">;

/** Pages that `length` bytes take. */
export function pagesOf(length: number): number {
  return Math.ceil(length / PAGE_BYTES);
}

/** Valid bytes of a page of a chunk that is `length` bytes long. */
export function bytesOfPage(page: number, length: number): number {
  return Math.max(0, Math.min(PAGE_BYTES, length - page * PAGE_BYTES));
}

/** The CRC of all bytes, from those of all pages. */
export function combinePages(crc: Crc, sums: Uint32Array, length: number): number {
  const full = Math.floor(length / PAGE_BYTES);
  const whole = crc.join(0, sums.subarray(0, full), PAGE_BYTES);
  const rest = length - full * PAGE_BYTES;
  return rest === 0 ? whole : crc.combine(whole, sums[full]!, rest);
}
