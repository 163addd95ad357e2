/**
 * Blocks: pieces of preallocated files, a power of two of bytes, 4 KiB to 64 MiB. A block is named by one number: its
 * class in the upper bits, its place among the blocks of that class in the lower 32.
 */
import { assert } from "@smallpond/base";
import { PAGE_BYTES } from "../model/pages.ts";

/** The exponents of two of the smallest and the largest class. */
export const CLASS_MIN = 12;
export const CLASS_MAX = 26;

export const CHUNK_BYTES_MAX: number = 2 ** CLASS_MAX;

const TWO_32 = 2 ** 32;

export function blockId(sizeClass: number, index: number): number {
  assert(sizeClass >= CLASS_MIN && sizeClass <= CLASS_MAX, `not a class of blocks: ${sizeClass}`);
  assert(Number.isInteger(index) && index >= 0 && index < TWO_32, `not a block: ${index}`);
  return sizeClass * TWO_32 + index;
}

export function classOf(block: number): number {
  return Math.floor(block / TWO_32);
}

export function indexOf(block: number): number {
  return block % TWO_32;
}

export function bytesOf(block: number): number {
  return 2 ** classOf(block);
}

export function isBlockId(value: number): boolean {
  if (!Number.isSafeInteger(value) || value < 0) return false;
  return classOf(value) >= CLASS_MIN && classOf(value) <= CLASS_MAX;
}

/** The smallest class whose blocks hold that many bytes. */
export function classFor(bytes: number): number {
  assert(bytes >= 1 && bytes <= CHUNK_BYTES_MAX, `no block holds ${bytes} bytes`);
  let sizeClass = CLASS_MIN;
  while (2 ** sizeClass < bytes) sizeClass += 1;
  return sizeClass;
}

/** Checksums of a block's pages, in bytes of the file beside it. A block of one page needs none: the chunk's is it. */
export function sumBytesOf(block: number): number {
  const pages = bytesOf(block) / PAGE_BYTES;
  return pages === 1 ? 0 : pages * 4;
}
