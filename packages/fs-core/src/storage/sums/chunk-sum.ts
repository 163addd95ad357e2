/** The CRC of a chunk after some of its pages changed, without those that did not. */
import { bytesOfPage, type Crc, combinePages, PAGE_BYTES, pagesOf } from "../model/pages.ts";

export interface SumChange {
  readonly crc: number;
  /** Length before and after. */
  readonly before: number;
  readonly after: number;
  /** All sums before. */
  readonly sums: Uint32Array;
  readonly firstPage: number;
  /** Sums of pages from `firstPage` on, after. */
  readonly changed: Uint32Array;
}

/**
 * A chunk's CRC is the exclusive or of its pages' CRCs, each moved by the bytes behind the page. So growing moves all of it
 * at once, and a changed page takes its old part out and puts its new one in. Only a cut has to begin anew.
 */
export function changedCrc(crc: Crc, change: SumChange): number {
  const { before, after, sums, firstPage, changed } = change;
  if (after < before) {
    const all = sums.slice(0, pagesOf(after));
    all.set(changed.subarray(0, Math.max(0, all.length - firstPage)), firstPage);
    return combinePages(crc, all, after);
  }
  let whole = crc.combine(change.crc, 0, after - before);
  for (const [at, sum] of changed.entries()) {
    const page = firstPage + at;
    const start = page * PAGE_BYTES;
    const oldBytes = bytesOfPage(page, before);
    if (oldBytes > 0) whole ^= crc.combine(sums[page]!, 0, after - start - oldBytes);
    whole ^= crc.combine(sum, 0, after - start - bytesOfPage(page, after));
  }
  return whole >>> 0;
}
