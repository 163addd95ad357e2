import { afterAll, beforeAll, expect, test } from "vitest";
import { canonicalType, commonHashType } from "../../src/planner/canonical-type.ts";
import { openWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

test.each([
  ["TINYINT", "BIGINT"],
  ["UINTEGER", "BIGINT"],
  ["UBIGINT", "HUGEINT"],
  ["FLOAT", "DOUBLE"],
  ["DECIMAL(9,2)", "DECIMAL(38,2)"],
  ["TIMESTAMP_S", "TIMESTAMP"],
  ["ENUM('a', 'b')", "VARCHAR"],
  ["JSON", "VARCHAR"],
  ["VARCHAR", "VARCHAR"],
  ["UHUGEINT", "UHUGEINT"],
  ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"],
  ['STRUCT("a" INTEGER)', 'STRUCT("a" INTEGER)'],
])("%s is hashed as %s", (type, canonical) => {
  expect(canonicalType(type)).toBe(canonical);
});

test.each([
  ["INTEGER", "BIGINT", "BIGINT"],
  ["INTEGER", "UBIGINT", "HUGEINT"],
  ["INTEGER", "FLOAT", "DOUBLE"],
  ["DATE", "TIMESTAMP_MS", "TIMESTAMP"],
  ["ENUM('a')", "VARCHAR", "VARCHAR"],
  ["DECIMAL(4,2)", "DECIMAL(9,2)", "DECIMAL(38,2)"],
  ["DECIMAL(4,2)", "DECIMAL(4,1)", undefined],
  ["DECIMAL(4,2)", "INTEGER", undefined],
  ["VARCHAR", "INTEGER", undefined],
  ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", undefined],
])("%s and %s meet as %s", (a, b, common) => {
  expect(commonHashType(a, b)).toBe(common);
  expect(commonHashType(b, a)).toBe(common);
});

test.each([
  ["-1::TINYINT", "-1::BIGINT"],
  ["7::UTINYINT", "7::HUGEINT"],
  ["1.5::FLOAT", "1.5::DOUBLE"],
  ["3::INTEGER", "3::DOUBLE"],
  ["9007199254740993::BIGINT", "9007199254740993::DOUBLE"],
  ["-0.0::DOUBLE", "0.0::DOUBLE"],
  ["'nan'::FLOAT", "'nan'::DOUBLE"],
  ["DATE '2020-02-29'", "TIMESTAMP_S '2020-02-29 00:00:00'"],
  ["'a'::ENUM('b', 'a')", "'a'"],
  ["1.50::DECIMAL(4,2)", "1.5::DECIMAL(18,2)"],
])("values that are equal hash alike after the cast: %s = %s", async (a, b) => {
  const [types] = await world.plain.rows(`SELECT typeof(${a}) AS a, typeof(${b}) AS b, ${a} = ${b} AS same`);
  expect(types?.same).toBe(true);
  const type = commonHashType(types!.a as string, types!.b as string);
  expect(type).toBeDefined();
  const [row] = await world.plain.rows(
    `SELECT hash(CAST(${a} AS ${type})) = hash(CAST(${b} AS ${type})) AS same`,
  );
  expect(row?.same).toBe(true);
});
