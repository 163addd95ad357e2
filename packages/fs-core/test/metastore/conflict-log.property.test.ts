import { fc, test } from "@fast-check/vitest";
import { expect, test as plainTest } from "vitest";
import type { WriteIntent } from "../../src/metastore/engine/backend.ts";
import { ConflictLog } from "../../src/metastore/engine/conflict-log.ts";
import type { KeyText, TextRange } from "../../src/metastore/key-text.ts";

const text = fc.integer({ min: 0, max: 25 }).map((value) => String.fromCharCode(97 + value) as KeyText);
const range = fc
  .tuple(text, text)
  .map(([a, b]): TextRange => (a < b ? { begin: a, end: b } : { begin: b, end: `${a}~` as KeyText }));
const batch = fc.record({
  points: fc.uniqueArray(text, { maxLength: 6 }),
  cleared: fc.array(range, { maxLength: 1 }),
});
const reads = fc.record({
  points: fc.array(text, { maxLength: 3 }),
  ranges: fc.array(range, { maxLength: 2 }),
  version: fc.nat({ max: 20 }),
});

function write(key: KeyText): WriteIntent {
  return { kind: "clear", text: key, key: new TextEncoder().encode(key) };
}

test.prop([
  fc.array(batch, { maxLength: 20 }),
  fc.array(reads, { minLength: 1, maxLength: 20 }),
  fc.nat({ max: 20 }),
])(
  "a conflict is found where somebody wrote what was read, and nowhere else",
  (batches, questions, forgotten) => {
    const log = new ConflictLog(0, { keysMax: 1_000_000 });
    for (const [at, { points, cleared }] of batches.entries()) {
      log.beginBatch(at + 1, at);
      // Questions in between make the keys be kept in order from then on.
      log.hasConflict(at, {
        readPoints: new Set(),
        readRanges: [{ begin: "a" as KeyText, end: "b" as KeyText }],
      });
      log.record({ writes: points.map(write), cleared });
    }
    log.prune(forgotten);
    expect(log.base).toBe(Math.min(forgotten, batches.length));
    for (const { points, ranges, version } of questions) {
      if (version < log.base) continue;
      const later = batches.slice(version);
      const expected = later.some(
        (each) =>
          each.points.some(
            (key) => points.includes(key) || ranges.some(({ begin, end }) => key >= begin && key < end),
          ) ||
          each.cleared.some(
            (hole) =>
              points.some((key) => key >= hole.begin && key < hole.end) ||
              ranges.some(({ begin, end }) => begin < hole.end && hole.begin < end),
          ),
      );
      const found = log.hasConflict(version, { readPoints: new Set(points), readRanges: ranges });
      expect(found).toBe(expected);
    }
  },
);

plainTest("a log with too many keys forgets its oldest batches", () => {
  const log = new ConflictLog(10, { keysMax: 3 });
  for (let version = 11; version <= 16; version++) {
    log.beginBatch(version, 1000);
    log.record({ writes: [write(`k${version}` as KeyText)], cleared: [] });
    log.prune(0);
  }
  expect(log.base).toBe(13);
  expect(log.hasConflict(13, { readPoints: new Set(["k14" as KeyText]), readRanges: [] })).toBe(true);
  expect(log.hasConflict(14, { readPoints: new Set(["k14" as KeyText]), readRanges: [] })).toBe(false);
});
