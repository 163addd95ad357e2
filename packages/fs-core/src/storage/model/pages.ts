/**
 * Pages: a chunk's bytes are checked in pieces of 4 KiB, each with a CRC-32C of its valid bytes (I9). The chunk's CRC is
 * put together from those of its pages and never computed over the whole again.
 *
 * A CRC is linear: the chunk's is the exclusive or of each page's moved by the bytes behind it. So an overwrite changes
 * it by what the changed pages differ, whatever the size of the chunk.
 */
import type { Crc32c } from "@smallpond/fs-native";

export const PAGE_BYTES = 4096;

export type Crc = Pick<Crc32c, "of" | "combine">;

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
  let whole = 0;
  for (let page = 0; page < pagesOf(length); page++) {
    whole = crc.combine(whole, sums[page]!, bytesOfPage(page, length));
  }
  return whole >>> 0;
}

/** Sums of whole pages of memory, the last of `length` perhaps partial; written to `into` from `firstPage`. */
export function sumPages(
  crc: Crc,
  bytes: Uint8Array,
  into: { readonly sums: Uint32Array; readonly firstPage: number },
): void {
  for (let at = 0, page = into.firstPage; at < bytes.length; at += PAGE_BYTES, page++) {
    into.sums[page] = crc.of(bytes.subarray(at, at + PAGE_BYTES));
  }
}
