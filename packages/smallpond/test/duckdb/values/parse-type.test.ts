import { SeededRandom } from "@smallpond/base";
import { expect, test } from "vitest";
import { typeText } from "../../../src/duckdb/type-text.ts";
import { parseType } from "../../../src/duckdb/values/parse-type.ts";
import { RANDOM_KINDS, randomType } from "../../../src/testing/random-tables.ts";
import { openDatabase } from "./compare.ts";

test.each(RANDOM_KINDS)("%s reads as DuckDB reads it", async (kind) => {
  await using connection = await openDatabase();
  for (let seed = 0; seed < 10; seed++) {
    const { type } = randomType(new SeededRandom(`${kind} ${seed}`), kind);
    const result = await connection.run(
      `SELECT CAST(NULL AS ${type}) AS x, typeof(CAST(NULL AS ${type})) AS printed`,
    );
    const expected = typeText(result.columnType(0));
    const printed = (await result.getRows())[0]![1] as string;
    expect(typeText(parseType(type))).toBe(expected);
    expect(typeText(parseType(printed))).toBe(expected);
    expect(typeText(parseType(expected))).toBe(expected);
  }
});

test.each([
  ["int", "INTEGER"],
  ["timestamp with time zone[]", "TIMESTAMP WITH TIME ZONE[]"],
  ["timestamp without time zone", "TIMESTAMP"],
  ["double precision", "DOUBLE"],
  ["varchar(10)", "VARCHAR"],
  ["numeric", "DECIMAL(18,3)"],
  [
    "STRUCT(INTEGER, TIMESTAMP WITH TIME ZONE, VARCHAR[])",
    "STRUCT(INTEGER, TIMESTAMP WITH TIME ZONE, VARCHAR[])",
  ],
  ['STRUCT("" INTEGER, "" VARCHAR)', "STRUCT(INTEGER, VARCHAR)"],
  ["STRUCT(time TIME, map MAP(INT, INT))", 'STRUCT("time" TIME, "map" MAP(INTEGER, INTEGER))'],
  ["GEOMETRY('OGC:CRS84')", "GEOMETRY('OGC:CRS84')"],
  ['"NULL"[]', '"NULL"[]'],
])("%s", (text, expected) => {
  const type = parseType(text);
  expect(text.includes("NULL") ? '"NULL"[]' : typeText(type)).toBe(expected);
});

test.each([
  "",
  "nonsense",
  "INTEGER INTEGER",
  "INTEGER[",
  "INTEGER[-1]",
  "DECIMAL(39,0)",
  "DECIMAL(4,5)",
  "STRUCT(a)",
  "STRUCT(a INTEGER, VARCHAR)",
  "MAP(INTEGER)",
  "ENUM()",
  "UNION(INTEGER)",
  "INTEGER); DROP TABLE t; --",
  "VARCHAR DEFAULT 1",
  "constructor",
  `${"STRUCT(a ".repeat(100)}INTEGER${")".repeat(100)}`,
])("%j is refused", (text) => {
  expect(() => parseType(text)).toThrow(expect.objectContaining({ code: "INVALID_TYPE" }));
});
