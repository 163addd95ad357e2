import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joined, RangeSet } from "../../../src/storage/remote/range-set.ts";

const range = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 12 }))
  .map(([start, length]) => ({ start, end: start + length }));

const bytesOf = (ranges: readonly { start: number; end: number }[]): Set<number> =>
  new Set(ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)));

describe("which bytes are here", () => {
  it("is the union of what was added", () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), range, (added, asked) => {
        const set = new RangeSet();
        for (const each of added) set.add(each);
        const here = bytesOf(added);
        expect(set.bytes).toBe(here.size);
        const missing = [...bytesOf([asked])].filter((byte) => !here.has(byte));
        expect([...bytesOf(set.missing(asked))].sort((a, b) => a - b)).toEqual(missing);
      }),
    );
  });
});

describe("stretches put together", () => {
  it("cover what they covered, lie apart, and are in order", () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), fc.integer({ min: 0, max: 5 }), (ranges, gap) => {
        const whole = joined(ranges, gap);
        const covered = bytesOf(whole);
        for (const byte of bytesOf(ranges)) expect(covered.has(byte)).toBe(true);
        for (const [i, { start }] of whole.entries())
          if (i > 0) expect(start - whole[i - 1]!.end).toBeGreaterThan(gap);
      }),
    );
  });
});
