/** Invariant S5: no value changes its type or precision on the way through intermediates. */

import { SeededRandom } from "@smallpond/base";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DataFrame, Session } from "../src/index.ts";
import { RANDOM_KINDS, randomTable } from "../src/testing/index.ts";
import { textQuery } from "./support/same-rows.ts";
import { openWorld, type World } from "./support/world.ts";

let world: World;
let executors: Session;

beforeAll(async () => {
  world = await openWorld({ numExecutors: 0, int64: "bigint" });
  executors = await world.open({ numExecutors: 2, int64: "bigint" });
});
afterAll(async () => {
  await executors?.close();
  await world?.[Symbol.asyncDispose]();
});

/** Ways through files: each writes every row at least once and reads it back. */
const WAYS: Readonly<Record<string, (sp: Session, frame: DataFrame) => DataFrame | Promise<DataFrame>>> = {
  "hash of a number": (_, frame) => frame.repartition(3, { hashBy: "id" }),
  "hash of the column": (_, frame) => frame.repartition(3, { hashBy: "c0" }),
  rows: (_, frame) => frame.repartition(3, { byRows: true }),
  random: (_, frame) => frame.repartition(3, { random: true }),
  column: (_, frame) => frame.repartition(3, { by: "id % 3" }),
  range: (_, frame) => frame.repartition(3, { rangeBy: "id" }),
  partialSql: (sp, frame) => sp.partialSql("SELECT * FROM {0}", frame.repartition(2, { hashBy: "id" })),
  compute: (_, frame) => frame.compute(),
  "function filter": (_, frame) => frame.filter(() => true),
};

async function expectSame(
  sp: Session,
  kinds: { seed: number; only?: (typeof RANDOM_KINDS)[number] },
  way: string,
): Promise<void> {
  const { seed, only } = kinds;
  const { createSql } = randomTable(new SeededRandom(seed), {
    columns: 2,
    rows: 12,
    ...(only === undefined ? { exclude: ["VARIANT"] } : { only: [only] }),
  });
  const rows = createSql.slice(createSql.indexOf(" AS ") + 4);
  const query = `SELECT row_number() OVER () AS id, * FROM (${rows})`;
  const columns = ["id", "c0", "c1"].map((name) => ({ name, role: "any" as const, groupable: false }));
  const expected = await world.plain.rows(textQuery(columns, `(${query})`));
  const frame = await WAYS[way]!(sp, sp.sql(query));
  // A query per partition makes sure that the partitions are made.
  const actual = await sp.partialSql(textQuery(columns, "{0}"), frame).takeAll();
  const texts = (all: readonly Record<string, unknown>[]): string[] =>
    all.map((row) => row.exact as string).sort();
  expect(texts(actual), way).toEqual(texts(expected));
}

/** Parquet's VARIANT has fewer types than DuckDB's: its own test says which go through. */
const KINDS = RANDOM_KINDS.filter((kind) => kind !== "VARIANT");

test.each(KINDS)("%s goes through every kind of repartition, query and function as it is", async (kind) => {
  for (const [i, way] of ["hash of the column", "rows", "column", "function filter"].entries()) {
    await expectSame(world.sp, { seed: i * 7 + 1, only: kind }, way);
  }
});

test.each([
  ["STRUCT(a BIT[2], b INTEGER)", ["{'a': ['1', '0'], 'b': 1}", "{'a': NULL, 'b': 3}"]],
  ["UNION(a BIT[2], b INTEGER)", ["union_value(a := ['1', '0']::BIT[2])", "union_value(b := 3)"]],
  ["MAP(INTEGER, STRUCT(a HUGEINT[1]))", ["MAP {1: {'a': [5]}, 2: NULL}", "MAP {}"]],
  ["UNION(c INTEGER[1], d BIT)[]", ["[union_value(c := [4]::INTEGER[1]), NULL]", "[]"]],
] as const)("%s goes through files as it is, with NULLs on every level", async (type, values) => {
  const rows = [...values, "NULL", ...values].map((value) => `(CAST(${value} AS ${type}))`);
  const query = `SELECT row_number() OVER () AS id, v FROM (VALUES ${rows.join(", ")}) t(v)`;
  const columns = ["id", "v"].map((name) => ({ name, role: "any" as const, groupable: false }));
  const expected = await world.plain.rows(textQuery(columns, `(${query})`));
  const parts = world.sp.sql(query).repartition(2, { hashBy: "id" });
  const actual = await world.sp.partialSql(textQuery(columns, "{0}"), parts).takeAll();
  expect(actual.map((row) => row.exact).sort()).toEqual(expected.map((row) => row.exact).sort());
});

test.each([
  ["this process", () => world.sp, 30],
  ["executor processes", () => executors, 8],
] as const)(
  "random columns of any type, nested ones too, go through files in %s as they are",
  async (_, sp, runs) => {
    const cases = fc.record({ seed: fc.nat(), way: fc.constantFrom(...Object.keys(WAYS)) });
    await fc.assert(
      fc.asyncProperty(cases, ({ seed, way }) => expectSame(sp(), { seed }, way)),
      { numRuns: runs, seed: 20260101 },
    );
  },
);
