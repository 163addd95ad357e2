/** Validity bitmaps as DuckDB and Arrow both have them: bit `i` of the bytes, least significant first; 1 is "not null". */

/** Whether row `index` is not null. A missing bitmap means that no row is. */
export function isValid(bitmap: Uint8Array | null, index: number): boolean {
  return bitmap === null || ((bitmap[index >> 3]! >> (index & 7)) & 1) === 1;
}

/** A new bitmap of `count` bits, all 1, padded to whole 64-bit words as DuckDB's are. */
export function newBitmap(count: number): Uint8Array {
  return new Uint8Array(Math.ceil(count / 64) * 8).fill(255);
}

export function setNull(bitmap: Uint8Array, index: number): void {
  bitmap[index >> 3]! &= ~(1 << (index & 7));
}

/** How many of the bits in [start, start + count) are 0. */
export function countNulls(bitmap: Uint8Array | null, start: number, count: number): number {
  if (bitmap === null) return 0;
  let ones = 0;
  let index = start;
  const end = start + count;
  for (; index < end && (index & 7) !== 0; index++) ones += (bitmap[index >> 3]! >> (index & 7)) & 1;
  for (; index + 8 <= end; index += 8) ones += ONES[bitmap[index >> 3]!]!;
  for (; index < end; index++) ones += (bitmap[index >> 3]! >> (index & 7)) & 1;
  return count - ones;
}

/** Copies bits; target bits outside the range stay as they are. */
export function copyBits(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  count: number,
): void {
  let done = 0;
  if ((at & 7) === 0 && (from & 7) === 0) {
    const bytes = count >> 3;
    target.set(source.subarray(from >> 3, (from >> 3) + bytes), at >> 3);
    done = bytes << 3;
  }
  for (; done < count; done++) {
    const bit = 1 << ((at + done) & 7);
    if (isValid(source, from + done)) target[(at + done) >> 3]! |= bit;
    else target[(at + done) >> 3]! &= ~bit;
  }
}

/** The bits [start, start + count) as a bitmap of their own, or null when all of them are 1. */
export function sliceBitmap(bitmap: Uint8Array | null, start: number, count: number): Uint8Array | null {
  if (bitmap === null || countNulls(bitmap, start, count) === 0) return null;
  const slice = newBitmap(count);
  copyBits(slice, 0, bitmap, start, count);
  return slice;
}

/** Rows that are valid in both. */
export function andBitmaps(left: Uint8Array | null, right: Uint8Array | null): Uint8Array | null {
  if (left === null) return right;
  if (right === null) return left;
  return left.map((byte, index) => byte & right[index]!);
}

/** Every bit `times` over: what a null array means for its items. */
export function repeatBits(bitmap: Uint8Array | null, count: number, times: number): Uint8Array | null {
  if (bitmap === null) return null;
  const repeated = newBitmap(count * times);
  for (let row = 0; row < count; row++) {
    if (isValid(bitmap, row)) continue;
    for (let item = row * times; item < (row + 1) * times; item++) setNull(repeated, item);
  }
  return repeated;
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);
