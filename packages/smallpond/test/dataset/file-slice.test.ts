import fc from "fast-check";
import { expect, test } from "vitest";
import { splitEvenly, splitRows } from "../../src/dataset/file-slice.ts";

test("items are split into contiguous groups, the first ones longer (nth-partition literals)", () => {
  expect([1, 2, 3, 5].map((count) => splitEvenly(["a", "b", "c"], count))).toEqual([
    [["a", "b", "c"]],
    [["a", "b"], ["c"]],
    [["a"], ["b"], ["c"]],
    [["a"], ["b"], ["c"], [], []],
  ]);
});

test("rows are cut anywhere in a file, and whole files stay whole", () => {
  const files = [
    { path: "a", rows: 3 },
    { path: "none", rows: 0 },
    { path: "b", rows: 4 },
  ];
  expect(splitRows(files, 2)).toEqual([
    [{ path: "a" }, { path: "b", begin: 0, end: 1 }],
    [{ path: "b", begin: 1, end: 4 }],
  ]);
  expect(splitRows([], 2)).toEqual([[], []]);
});

const counts = fc.array(fc.nat({ max: 50 }), { maxLength: 12 });

test("no row is lost or doubled, and pieces differ by at most one row", () => {
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 20 }), (rows, count) => {
      const files = rows.map((n, i) => ({ path: String(i), rows: n }));
      const groups = splitRows(files, count);
      const size = (group: (typeof groups)[number]): number =>
        group.reduce((sum, one) => sum + ((one.end ?? rows[Number(one.path)]!) - (one.begin ?? 0)), 0);
      const sizes = groups.map(size);
      expect(groups.length).toBe(count);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(sizes.toSorted((a, b) => b - a)).toEqual(sizes);
      const seen = groups.flat().flatMap((one) => {
        const [begin, end] = [one.begin ?? 0, one.end ?? rows[Number(one.path)]!];
        return Array.from({ length: end - begin }, (_, i) => `${one.path}:${begin + i}`);
      });
      expect(seen).toEqual(
        files.flatMap(({ path, rows: n }) => Array.from({ length: n }, (_, i) => `${path}:${i}`)),
      );
    }),
  );
});

test("groups of files are contiguous, and differ by at most one file", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 20 }), (items, count) => {
      const groups = splitEvenly(items, count);
      expect(groups.flat()).toEqual(items);
      expect(groups.length).toBe(count);
      const sizes = groups.map((group) => group.length);
      expect(sizes[0]! - sizes.at(-1)!).toBeLessThanOrEqual(1);
      expect(sizes.toSorted((a, b) => b - a)).toEqual(sizes);
    }),
  );
});
