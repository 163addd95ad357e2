import { SeededRandom } from "@smallpond/base";
import { tableFromIPC, tableToIPC } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { recordBatchesFromResult, tableFromResult } from "../../src/arrow/batches.ts";
import { createTableFromArrow } from "../../src/arrow/table-from-arrow.ts";
import { RANDOM_KINDS, randomTable } from "../../src/testing/random-tables.ts";
import { differences, openDatabase } from "../duckdb/values/compare.ts";

const sizes = { seed: fc.nat(), columns: fc.integer({ min: 1, max: 5 }), rows: fc.nat({ max: 12 }) };

test.each(RANDOM_KINDS)("%s goes through Arrow and back unchanged", async (kind) => {
  await using connection = await openDatabase();
  await fc.assert(
    fc.asyncProperty(fc.record(sizes), async ({ seed, ...counts }) => {
      const options = { ...counts, only: [kind], name: "original", oddNames: seed % 2 === 0 };
      await connection.run(
        `DROP TABLE IF EXISTS original; ${randomTable(new SeededRandom(seed), options).createSql}`,
      );
      const arrow = await tableFromResult(await connection.run("SELECT * FROM original"));
      await createTableFromArrow(connection, { name: "copy", replace: true }, arrow);
      expect(await differences(connection, "original", "copy")).toEqual([]);
    }),
    { numRuns: 6 },
  );
});

test("tables of all types mixed go through Arrow's file format and back unchanged", async () => {
  await using connection = await openDatabase();
  await fc.assert(
    fc.asyncProperty(fc.record(sizes), async ({ seed, ...counts }) => {
      const table = randomTable(new SeededRandom(seed), { ...counts, name: "original", depthMax: 3 });
      await connection.run(`DROP TABLE IF EXISTS original; ${table.createSql}`);
      const arrow = await tableFromResult(await connection.stream("SELECT * FROM original"));
      const read = tableFromIPC(tableToIPC(arrow, "stream"));
      await createTableFromArrow(connection, { name: "copy", replace: true }, read);
      expect(await differences(connection, "original", "copy")).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test("batches of any size, sliced or not, hold the rows in order", async () => {
  await using connection = await openDatabase();
  const options = { columns: 14, rows: 19, repeat: 223, name: "original" };
  await connection.run(randomTable(new SeededRandom("batches"), options).createSql);
  await connection.run(
    "ALTER TABLE original ADD COLUMN position INTEGER; UPDATE original SET position = rowid",
  );
  for (const batchRows of [1000, 2048, 3000, 122_880]) {
    const result = await connection.stream("SELECT * FROM original ORDER BY position");
    const batches = [];
    for await (const batch of recordBatchesFromResult(result, { batchRows })) batches.push(batch);
    const sizes = batches.map((batch) => batch.numRows);
    expect(sizes.slice(0, -1).every((size) => size === batchRows)).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(19 * 223);
    const sliced = batches.flatMap((batch) => {
      const cut = Math.floor(batch.numRows / 3);
      return [batch.slice(0, cut), batch.slice(cut, batch.numRows)];
    });
    for (const source of [batches, sliced]) {
      await createTableFromArrow(connection, { name: "copy", replace: true }, source);
      expect(await differences(connection, "original", "copy")).toEqual([]);
    }
  }
});
