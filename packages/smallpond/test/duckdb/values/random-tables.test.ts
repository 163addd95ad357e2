import { DuckDBInstance } from "@duckdb/node-api";
import { SeededRandom } from "@smallpond/base";
import { expect, test } from "vitest";
import { RANDOM_KINDS, randomTable } from "../../../src/testing/random-tables.ts";

test.each(RANDOM_KINDS)("a random table of %s runs and has the declared types", async (kind) => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  for (let seed = 0; seed < 15; seed++) {
    const table = randomTable(new SeededRandom(seed), {
      name: `t${seed}`,
      only: [kind],
      oddNames: seed % 2 === 1,
    });
    await connection.run(table.createSql);
    const described = await connection.runAndReadAll(
      `SELECT column_name, column_type FROM (DESCRIBE "t${seed}")`,
    );
    const declared = await connection.runAndReadAll(
      `SELECT ${table.columns.map(({ type }) => `typeof(CAST(NULL AS ${type}))`).join(", ")}`,
    );
    expect(described.getRows().map(([name]) => name)).toEqual(table.columns.map(({ name }) => name));
    expect(described.getRows().map(([, type]) => type)).toEqual(declared.getRows()[0]);
    const [[count]] = (await connection.runAndReadAll(`SELECT count(*)::INT FROM "t${seed}"`)).getRows() as [
      [number],
    ];
    expect(count).toBe(table.rowCount);
  }
  connection.closeSync();
  instance.closeSync();
});

test("the same seed gives the same statement, and counts only cut it short", () => {
  const make = (rows: number) => randomTable(new SeededRandom("x"), { columns: 4, rows });
  expect(make(5)).toEqual(make(5));
  expect(make(5).columns).toEqual(make(9).columns);
  expect(make(9).createSql).toContain(make(5).createSql.split("\n").slice(1, 5).join("\n"));
});
