import { SeededRandom } from "@smallpond/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { quoteName } from "../../../src/duckdb/text.ts";
import { loadRows } from "../../../src/duckdb/values/load-rows.ts";
import { allRows } from "../../../src/duckdb/values/rows-of-result.ts";
import { sqlLiteral } from "../../../src/duckdb/values/sql-literal.ts";
import { RANDOM_KINDS, type RandomTable, randomTable } from "../../../src/testing/random-tables.ts";
import { differences, openDatabase } from "./compare.ts";

const sizes = { seed: fc.nat(), columns: fc.integer({ min: 1, max: 5 }), rows: fc.nat({ max: 12 }) };

function columnsOf(table: RandomTable): Record<string, string> {
  const columns: Record<string, string> = {};
  for (const { name, type } of table.columns) {
    Object.defineProperty(columns, name, { value: type, enumerable: true });
  }
  return columns;
}

test.each(RANDOM_KINDS)("%s goes through rows and back unchanged", async (kind) => {
  await using connection = await openDatabase();
  await fc.assert(
    fc.asyncProperty(fc.record(sizes), async ({ seed, ...counts }) => {
      const options = { ...counts, only: [kind], name: "original", oddNames: seed % 2 === 0 };
      const table = randomTable(new SeededRandom(seed), options);
      await connection.run(`DROP TABLE IF EXISTS original; ${table.createSql}`);
      const rows = await allRows(await connection.run("SELECT * FROM original"));
      await loadRows(connection, { name: "copy", replace: true }, rows, columnsOf(table));
      expect(await differences(connection, "original", "copy")).toEqual([]);
    }),
    { numRuns: 6 },
  );
});

test("tables of all types mixed go through rows and back unchanged", async () => {
  await using connection = await openDatabase();
  await fc.assert(
    fc.asyncProperty(fc.record(sizes), async ({ seed, ...counts }) => {
      const table = randomTable(new SeededRandom(seed), { ...counts, name: "original", depthMax: 3 });
      await connection.run(`DROP TABLE IF EXISTS original; ${table.createSql}`);
      const rows = await allRows(await connection.stream("SELECT * FROM original"));
      await loadRows(connection, { name: "copy", replace: true }, rows, columnsOf(table));
      expect(await differences(connection, "original", "copy")).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test("rows of more than one chunk keep their order and nulls", async () => {
  await using connection = await openDatabase();
  const table = randomTable(new SeededRandom("chunks"), {
    columns: 12,
    rows: 23,
    repeat: 211,
    name: "original",
  });
  await connection.run(table.createSql);
  const rows = await allRows(await connection.stream("SELECT * FROM original"));
  expect(rows.length).toBe(23 * 211);
  await loadRows(connection, "copy", rows, columnsOf(table));
  expect(await differences(connection, "original", "copy")).toEqual([]);
});

test.each(RANDOM_KINDS)("a literal of any %s selects the same value", async (kind) => {
  await using connection = await openDatabase();
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const table = randomTable(new SeededRandom(seed), {
        columns: 3,
        rows: 5,
        only: [kind],
        name: "original",
      });
      await connection.run(`DROP TABLE IF EXISTS original; DROP TABLE IF EXISTS copy; ${table.createSql}`);
      const rows = await allRows(await connection.run("SELECT * FROM original"));
      const selects = rows.map((row) => {
        const literals = table.columns.map(
          ({ name, type }) => `${sqlLiteral(row[name]!, type)} AS ${quoteName(name)}`,
        );
        return `SELECT ${literals.join(", ")}`;
      });
      await connection.run(`CREATE TABLE copy AS ${selects.join(" UNION ALL ")}`);
      expect(await differences(connection, "original", "copy")).toEqual([]);
    }),
    { numRuns: 5 },
  );
});
