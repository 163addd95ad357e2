import { expect, test } from "vitest";
import { align, describePartitioning, type Partitioning, SINGLE } from "../../src/planner/partitioning.ts";

const hash = (
  count: number,
  types: readonly string[],
  more: Partial<{ lineage: string; engine: string }> = {},
): Partitioning => ({
  kind: "hash",
  keys: types.map((_, i) => `k${i}`),
  types,
  count,
  algorithm: "duckdb-hash",
  engine: "v1",
  lineage: `hash ${count} ${types.join()}`,
  ...more,
});
const even = (count: number, lineage: string): Partitioning => ({ kind: "even", by: "rows", count, lineage });
const column = (count: number, lineage: string): Partitioning => ({
  kind: "column",
  expression: "c",
  count,
  lineage,
});
const random = (count: number, lineage: string): Partitioning => ({ kind: "random", count, lineage });
const derived = (count: number, lineage: string): Partitioning => ({ kind: "derived", count, lineage });

/** What becomes of each input, by its first letter: broadcast, aligned, reshuffle; or why it is refused. */
const table: readonly [string, readonly Partitioning[], string | RegExp][] = [
  ["no divided input", [SINGLE, SINGLE], "bb"],
  ["one divided input", [SINGLE, even(3, "a"), SINGLE], "bab"],
  ["the same division", [even(3, "a"), derived(3, "a")], "aa"],
  ["other even divisions", [even(3, "a"), even(3, "b")], /different ways/],
  ["other counts", [even(3, "a"), even(5, "b")], "3 partitions against 5"],
  ["equal hashes", [hash(4, ["BIGINT"]), hash(4, ["BIGINT"], { lineage: "other" })], "aa"],
  ["hashes into other counts", [hash(3, ["BIGINT"]), hash(5, ["BIGINT"])], "ar"],
  ["a narrower hash", [hash(4, ["HUGEINT"]), hash(4, ["BIGINT"])], "ar"],
  ["a wider hash, which moves the first", [hash(4, ["BIGINT"]), hash(4, ["HUGEINT"])], "ra"],
  ["three widths", [hash(4, ["BIGINT"]), hash(4, ["HUGEINT"]), hash(4, ["DOUBLE"])], "rra"],
  ["a date and a timestamp", [hash(2, ["DATE"]), hash(2, ["TIMESTAMP"])], "ra"],
  [
    "a number and a text",
    [hash(2, ["BIGINT"]), hash(2, ["VARCHAR"])],
    /hash key 1 is BIGINT in one and VARCHAR/,
  ],
  ["other numbers of keys", [hash(2, ["BIGINT"]), hash(2, ["BIGINT", "BIGINT"])], "1 hash keys against 2"],
  ["hashes of another engine version", [hash(2, ["BIGINT"]), hash(2, ["BIGINT"], { engine: "v2" })], "ar"],
  ["a hash and rows of it", [hash(4, ["BIGINT"], { lineage: "h" }), derived(4, "h")], "aa"],
  [
    "a hash that has to move, and rows of it that cannot",
    [hash(4, ["BIGINT"], { lineage: "h" }), derived(4, "h"), hash(4, ["HUGEINT"])],
    /different ways/,
  ],
  ["a hash and an even division", [hash(4, ["BIGINT"]), even(4, "a")], /different ways/],
  ["columns of values", [column(4, "a"), column(4, "b")], "aa"],
  ["columns of values in other counts", [column(4, "a"), column(5, "b")], "4 partitions against 5"],
  ["two random deals", [random(4, "a"), random(4, "b")], /different ways/],
  ["one random deal", [random(4, "a"), random(4, "a")], "aa"],
];

test.each(table)("%s: %j", (_, inputs, expected) => {
  const result = align(inputs);
  const got = result.ok ? result.inputs.map((one) => one.kind[0]).join("") : result.reason;
  if (typeof expected === "string") expect(got).toBe(expected);
  else expect(got).toMatch(expected);
});

test("the first divided input gives the count, and its refusal names both inputs", () => {
  expect(align([SINGLE, hash(3, ["BIGINT"]), hash(5, ["BIGINT"])])).toMatchObject({ ok: true, count: 3 });
  expect(align([SINGLE, even(3, "a"), SINGLE, even(3, "b")])).toMatchObject({
    ok: false,
    leader: 1,
    input: 3,
  });
});

test("a division is described as in error messages", () => {
  expect(describePartitioning(hash(4, ["BIGINT", "VARCHAR"]))).toBe("hash(k0::BIGINT, k1::VARCHAR; 4)");
  expect(
    [SINGLE, even(2, ""), column(2, ""), random(2, ""), derived(2, "")].map(describePartitioning),
  ).toEqual(["one partition", "even(rows, 2)", "column(c; 2)", "random(2)", "derived(2)"]);
});
