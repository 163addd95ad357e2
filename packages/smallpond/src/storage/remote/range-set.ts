/** Which bytes of a file are here: stretches in order that do not touch. */
import type { ByteRange } from "./parquet-columns.ts";

export class RangeSet {
  #ranges: ByteRange[] = [];

  get bytes(): number {
    return this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  add(range: ByteRange): void {
    let { start, end } = range;
    if (end <= start) return;
    const apart: ByteRange[] = [];
    for (const each of this.#ranges) {
      if (each.end < start || each.start > end) apart.push(each);
      else {
        start = Math.min(start, each.start);
        end = Math.max(end, each.end);
      }
    }
    apart.push({ start, end });
    this.#ranges = apart.sort((a, b) => a.start - b.start);
  }

  /** What of the range is missing. */
  missing(range: ByteRange): ByteRange[] {
    const gaps: ByteRange[] = [];
    let at = range.start;
    for (const { start, end } of this.#ranges) {
      if (end <= at) continue;
      if (start >= range.end) break;
      if (start > at) gaps.push({ start: at, end: start });
      at = Math.max(at, end);
    }
    if (at < range.end) gaps.push({ start: at, end: range.end });
    return gaps;
  }
}

/** Ranges in order, those put together that lie at most `gap` bytes apart. */
export function joined(ranges: readonly ByteRange[], gap: number): readonly ByteRange[] {
  const sorted = [...ranges].filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  const whole: { start: number; end: number }[] = [];
  for (const { start, end } of sorted) {
    const last = whole.at(-1);
    if (last !== undefined && start - last.end <= gap) last.end = Math.max(last.end, end);
    else whole.push({ start, end });
  }
  return whole;
}
