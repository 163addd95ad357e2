import { afterAll, beforeAll, expect, test } from "vitest";
import {
  boundsOf,
  columnExpression,
  hashExpression,
  randomExpression,
  rangeExpression,
} from "../../src/planner/partition-expression.ts";
import { openWorld, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const ask = async (sql: string): Promise<unknown[]> =>
  (await world.plain.rows(`SELECT ${sql} AS v FROM range(10) r(i)`)).map((row) => row.v);

test("a hash is DuckDB's over the cast keys, modulo the count", async () => {
  const ours = await ask(hashExpression(["i", "i || 'x' -- comment"], ["BIGINT", "VARCHAR"], 7));
  expect(ours).toEqual(await ask("(hash(i, i || 'x') % 7)::INTEGER"));
});

test("a column's value is its partition, and anything else stops the query", async () => {
  expect(await ask(columnExpression("i % 3", "BIGINT", 3))).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
  await expect(ask(columnExpression("i", "BIGINT", 9))).rejects.toThrow(
    "repartition key 9 is out of range: the 9 partitions are 0 to 8",
  );
  await expect(ask(columnExpression("NULLIF(i, 4)", "BIGINT", 10))).rejects.toThrow(
    "repartition key NULL is out of range",
  );
  expect(() => columnExpression("i / 2", "DOUBLE", 3)).toThrow("needs an integer, but it is DOUBLE");
});

test("a draw is in range, and repeats with a seed", async () => {
  const drawn = (await ask(randomExpression(4, null))) as number[];
  expect(drawn.every((v) => v >= 0 && v < 4)).toBe(true);
  expect(await ask(randomExpression(1000, 5))).toEqual(await ask(randomExpression(1000, 5)));
  expect(await ask(randomExpression(1000, 5))).not.toEqual(await ask(randomExpression(1000, 6)));
});

test("bounds cut a sample into equal parts; fewer values than parts make empty parts", () => {
  expect(boundsOf(["05", "01", "03", "02", "04", "00"], 3)).toEqual(["02", "04"]);
  expect(boundsOf(["01"], 4)).toEqual(["01", "01", "01"]);
  expect(boundsOf([], 4)).toEqual([]);
});

test("a key goes to the range between the bounds it lies between, equal ones upwards", async () => {
  const key = "unhex(printf('%02x', i))";
  expect(await ask(rangeExpression(key, ["02", "05"]))).toEqual([0, 0, 1, 1, 1, 2, 2, 2, 2, 2]);
  expect(await ask(rangeExpression(key, []))).toEqual(Array(10).fill(0));
  expect(await ask(rangeExpression(key, ["03", "03"]))).toEqual([0, 0, 0, 2, 2, 2, 2, 2, 2, 2]);
});
