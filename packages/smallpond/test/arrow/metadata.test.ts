import * as arrow from "apache-arrow";
import { expect, test } from "vitest";
import { arrowSchemaOf } from "../../src/arrow/arrow-types.ts";
import { tableFromResult } from "../../src/arrow/batches.ts";
import { createTableFromArrow } from "../../src/arrow/table-from-arrow.ts";
import { describeTable, openDatabase } from "../duckdb/values/compare.ts";

async function typeOf(column: arrow.Vector, metadata: Record<string, string>): Promise<string> {
  await using connection = await openDatabase();
  const field = new arrow.Field("x", column.type, true, new Map(Object.entries(metadata)));
  const table = new arrow.Table(new arrow.Schema([field]), { x: column } as never);
  await createTableFromArrow(connection, "t", table as arrow.Table);
  return (await describeTable(connection, "t"))[0]![1];
}

const strings = arrow.vectorFromArray(["1", "2"], new arrow.Utf8());
const bytes16 = arrow.vectorFromArray([new Uint8Array(16)], new arrow.FixedSizeBinary(16));

test("a field says its DuckDB type, and canonical extensions where there are some", async () => {
  await using connection = await openDatabase();
  const sql =
    "SELECT 1::HUGEINT h, uuid() u, '{}'::JSON j, 'POINT (1 2)'::GEOMETRY g, ['a'::ENUM('a', 'b')] e";
  const result = await connection.run(sql);
  const { fields } = arrowSchemaOf(result.columnNames(), result.columnTypes());
  expect(
    fields.map(({ name, type, metadata }) => [name, String(type), Object.fromEntries(metadata)]),
  ).toEqual([
    ["h", "Decimal[38e0]", { "duckdb:type": "HUGEINT" }],
    ["u", "FixedSizeBinary[16]", extension("arrow.uuid", "", "UUID")],
    ["j", "Utf8", extension("arrow.json", "{}", "JSON")],
    ["g", "Binary", extension("geoarrow.wkb", "{}", "GEOMETRY")],
    ["e", "List<Dictionary<Uint8, Utf8>>", { "duckdb:type": "ENUM('a', 'b')[]" }],
  ]);
});

function extension(name: string, metadata: string, type: string): object {
  return { "ARROW:extension:name": name, "ARROW:extension:metadata": metadata, "duckdb:type": type };
}

test("metadata that goes with the data is honoured", async () => {
  expect(await typeOf(strings, { "duckdb:type": "BIGNUM" })).toBe("BIGNUM");
  expect(await typeOf(strings, { "duckdb:type": "ENUM('1', '2')" })).toBe("ENUM('1', '2')");
  expect(await typeOf(bytes16, { "duckdb:type": "UHUGEINT" })).toBe("UHUGEINT");
  expect(await typeOf(bytes16, { "ARROW:extension:name": "arrow.uuid" })).toBe("UUID");
  expect(await typeOf(strings, { "ARROW:extension:name": "arrow.json" })).toBe("JSON");
});

test.each([
  "INTEGER",
  "STRUCT(a INTEGER)",
  "not a type",
  "VARCHAR); DROP TABLE t; --",
  "VARCHAR DEFAULT (1)",
  "",
])("metadata %j that does not go with the data is ignored", async (type) => {
  expect(await typeOf(strings, { "duckdb:type": type })).toBe("VARCHAR");
  expect(await typeOf(bytes16, { "ARROW:extension:name": "arrow.json", "duckdb:type": type })).toBe("BLOB");
});

test("second columns of a name get a suffix, and unnamed structs names by position", async () => {
  await using connection = await openDatabase();
  const arrowTable = await tableFromResult(await connection.run("SELECT 1 AS a, 2 AS a, row(3, 'x') AS r"));
  expect(arrowTable.schema.names).toEqual(["a", "a_1", "r"]);
  await createTableFromArrow(connection, "t", arrowTable);
  expect(await describeTable(connection, "t")).toEqual([
    ["a", "INTEGER"],
    ["a_1", "INTEGER"],
    ["r", 'STRUCT("1" INTEGER, "2" VARCHAR)'],
  ]);
});

test("a result without rows is a table with columns", async () => {
  await using connection = await openDatabase();
  const table = await tableFromResult(await connection.run("SELECT 1 AS a, ['x'] AS l WHERE false"));
  expect([table.numRows, table.schema.names]).toEqual([0, ["a", "l"]]);
  await createTableFromArrow(connection, "t", table);
  expect(await describeTable(connection, "t")).toEqual([
    ["a", "INTEGER"],
    ["l", "VARCHAR[]"],
  ]);
});

test("types without a counterpart are refused with a cast to try", async () => {
  await using connection = await openDatabase();
  const wide = arrow.makeData({ type: new arrow.Decimal(2, 50, 256), data: new Uint32Array(8), length: 1 });
  const table = new arrow.Table({ x: new arrow.Vector([wide]) });
  await expect(createTableFromArrow(connection, "t", table)).rejects.toMatchObject({
    code: "UNSUPPORTED_TYPE",
    details: { column: "x", type: "Arrow Decimal[50e+2]" },
    hint: expect.stringContaining("cast"),
  });
  const members = Array.from({ length: 127 }, (_, index) => `m${index} INTEGER`).join(", ");
  const result = await connection.run(`SELECT NULL::UNION(${members}) AS u`);
  await expect(tableFromResult(result)).rejects.toMatchObject({
    code: "UNSUPPORTED_TYPE",
    details: { column: "u" },
    hint: expect.stringContaining("CAST"),
  });
});

test("an interval too long for Arrow is refused, naming the column", async () => {
  await using connection = await openDatabase();
  const result = await connection.run("SELECT to_microseconds(9223372036854776) AS i");
  await expect(tableFromResult(result)).rejects.toMatchObject({
    code: "VALUE_DOES_NOT_FIT",
    details: { column: "i" },
    hint: expect.stringContaining("VARCHAR"),
  });
});
