import { describe, expect, test } from "vitest";
import { CalendarDate } from "../../../src/duckdb/values/calendar-date.ts";
import { Decimal } from "../../../src/duckdb/values/decimal.ts";
import { inferColumns } from "../../../src/duckdb/values/infer-columns.ts";
import { type InputRow, loadRows } from "../../../src/duckdb/values/load-rows.ts";
import { Timestamp } from "../../../src/duckdb/values/timestamp.ts";
import { describeTable, openDatabase } from "./compare.ts";

function typeOf(...values: readonly unknown[]): string {
  return inferColumns(values.map((x) => ({ x })))[0]!.type;
}

describe("inferred types", () => {
  test.each<[string, readonly unknown[]]>([
    ["BIGINT", [1, -5, 2 ** 40]],
    ["DOUBLE", [1, 2.5]],
    ["DOUBLE", [1, 2 ** 60]],
    ["DOUBLE", [Number.NaN]],
    ["BIGINT", [1, 2n, null]],
    ["HUGEINT", [1, -(2n ** 100n)]],
    ["UHUGEINT", [2n ** 127n]],
    ["BIGNUM", [2n ** 127n, -1n]],
    ["BIGNUM", [2n ** 128n]],
    ["VARCHAR", ["a", undefined, null]],
    ["BLOB", [new Uint8Array(1), Buffer.from("x")]],
    ["TIMESTAMP", [new Date(0)]],
    ["TIMESTAMP WITH TIME ZONE", [new Date(0), Timestamp.from("2024-01-01", { withTimeZone: true })]],
    ["TIMESTAMP_NS", [Timestamp.from("2024-01-01", { unit: "ns" })]],
    ["DATE", [CalendarDate.from("2024-01-01")]],
    ["DECIMAL(7,4)", [Decimal.from("123.4"), Decimal.from("0.1234")]],
    ["INTEGER", [null, undefined]],
    ["BIGINT[]", [[], [1], null]],
    ["INTEGER[]", [[], [null]]],
    ["FLOAT[]", [new Float32Array(2)]],
    ["DOUBLE[]", [new Float32Array(2), [1.5]]],
    ["BIGINT[][]", [[[1]], [[]]]],
    ['STRUCT("a" BIGINT, "b" VARCHAR)', [{ a: 1 }, { b: "x" }, { a: null }]],
    ["MAP(VARCHAR, DOUBLE)", [new Map(), new Map([["a", 1]]), new Map([["b", 0.5]])]],
  ])("%s of %o", (type, values) => {
    expect(typeOf(...values)).toBe(type);
  });

  test("columns are those of all rows, in the order in which they appear", () => {
    expect(inferColumns([{ b: 1 }, { a: "x", b: null }])).toEqual([
      { name: "b", type: "BIGINT", nullable: true },
      { name: "a", type: "VARCHAR", nullable: true },
    ]);
  });

  test.each<[string, readonly InputRow[], string, object]>([
    ["two types", [{ x: 1 }, { x: "a" }], "TYPE_CONFLICT", { column: "x", row: 1, type: "BIGINT, VARCHAR" }],
    ["bigints and fractions", [{ x: 1n }, { x: 0.5 }], "TYPE_CONFLICT", { column: "x", row: 1 }],
    [
      "days and times",
      [{ x: CalendarDate.from("2024-01-01") }, { x: new Date(0) }],
      "TYPE_CONFLICT",
      { row: 1 },
    ],
    [
      "two types deep down",
      [{ x: { y: [1] } }, { x: { y: ["a"] } }],
      "TYPE_CONFLICT",
      { column: "x", row: 1 },
    ],
    ["names that differ in case", [{ ab: 1 }, { aB: 2 }], "DUPLICATE_COLUMN", { column: "aB" }],
    ["a function", [{ x: null }, { x: () => 1 }], "UNSUPPORTED_VALUE", { column: "x", row: 1 }],
    ["no rows", [], "NO_COLUMNS", {}],
    ["an array for a row", [[1] as never], "UNSUPPORTED_VALUE", { row: 0 }],
  ])("%s: refused", (_name, rows, code, details) => {
    expect(() => inferColumns(rows)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining(details) }),
    );
  });

  test("the message leads to the values", () => {
    expect(() => inferColumns([{ x: { y: [1] } }, { x: { y: ["a"] } }])).toThrow(
      'column "x".y[] holds BIGINT and, in row 1, VARCHAR',
    );
  });
});

describe("loadRows", () => {
  test("makes a table of what it is given", async () => {
    await using connection = await openDatabase();
    await loadRows(connection, "t", [{ id: 1, tags: ["a"] }, { id: 2 }, { tags: [] }]);
    expect(await describeTable(connection, "t")).toEqual([
      ["id", "BIGINT"],
      ["tags", "VARCHAR[]"],
    ]);
    const reader = await connection.runAndReadAll("SELECT id::VARCHAR, tags::VARCHAR FROM t");
    expect(reader.getRows()).toEqual([
      ["1", "[a]"],
      ["2", null],
      [null, "[]"],
    ]);
  });

  test("takes types as DuckDB reads them, user-defined ones too", async () => {
    await using connection = await openDatabase();
    await connection.run("CREATE TYPE mood AS ENUM ('low', 'high')");
    const columns = { n: "int", m: "mood", s: "STRUCT(a text[])", j: "JSON", v: "VARIANT", t: "TIMESTAMPTZ" };
    const row = {
      n: 1,
      m: "low",
      s: { a: ["x"] },
      j: '{"a":1}',
      v: [1, "a", { b: null }],
      t: "2024-01-01T12:00+02:00",
    };
    await loadRows(connection, "t", [row, {}], columns);
    expect((await describeTable(connection, "t")).map(([, type]) => type)).toEqual([
      "INTEGER",
      "ENUM('low', 'high')",
      "STRUCT(a VARCHAR[])",
      "JSON",
      "VARIANT",
      "TIMESTAMP WITH TIME ZONE",
    ]);
    const reader = await connection.runAndReadAll("SELECT v::VARCHAR, t::VARCHAR FROM t");
    expect(reader.getRows()).toEqual([
      ["[1, a, {'b': NULL}]", "2024-01-01 10:00:00+00"],
      [null, null],
    ]);
  });

  test("an empty table has the columns that were given", async () => {
    await using connection = await openDatabase();
    await loadRows(connection, { name: "t", temporary: true }, [], { a: "DATE", b: "DOUBLE[3]" });
    expect(await describeTable(connection, "t")).toEqual([
      ["a", "DATE"],
      ["b", "DOUBLE[3]"],
    ]);
  });

  test.each<[string, string, unknown, string]>([
    ["a fraction", "INTEGER", 1.5, "it is not an integer"],
    ["too large a number", "TINYINT", 128, "out of range"],
    ["a number that is no longer exact", "BIGINT", 2 ** 60, "use a bigint"],
    ["text for a number", "INTEGER", "1", "not an integer"],
    ["a number for text", "VARCHAR", 1, "use String(value)"],
    ["too many digits", "DECIMAL(4,1)", Decimal.from("1234.5"), "too many digits"],
    ["too many decimals", "DECIMAL(4,1)", "1.25", "more than 1 decimals"],
    ["a day in local time", "DATE", new Date(3_600_000), "not midnight in UTC"],
    [
      "a time before all times",
      "TIMESTAMP_S",
      new Timestamp(-(10n ** 18n), { unit: "s" }),
      "outside the range",
    ],
    ["an unknown member", "ENUM('a')", "b", "not a member"],
    ["text that is no JSON", "JSON", "{", "not JSON"],
    ["the wrong length", "INTEGER[2]", [1], "1 items instead of 2"],
    ["an unknown field", "STRUCT(a INTEGER)", { b: 1 }, '"b", which the type has not'],
    ["a null key", "MAP(VARCHAR, INTEGER)", new Map([[null, 1]]), "null key"],
    [
      "equal keys",
      "MAP(BIGINT, INTEGER)",
      new Map<unknown, number>([
        [1, 1],
        [1n, 1],
      ]),
      "two of its keys are equal",
    ],
    ["an unknown tag", "UNION(a INTEGER)", { tag: "b", value: 1 }, '"b", which the type has not'],
    ["a damaged geometry", "GEOMETRY", new Uint8Array(5), "not well-known binary"],
    ["a value deep down", "STRUCT(a INTEGER[])[]", [{ a: ["x"] }], "not an integer"],
    ["an overflow to infinity", "FLOAT", 1e300, "DOUBLE"],
  ])("%s: refused, with column and row, and no table is left", async (_name, type, bad, reason) => {
    await using connection = await openDatabase();
    const rows = Array.from({ length: 2100 }, (_, index) => ({ x: index === 2099 ? bad : null }));
    const failure = await loadRows(connection, "t", rows, { x: type }).catch((error) => error);
    expect(failure).toMatchObject({ code: "VALUE_DOES_NOT_FIT", details: { column: "x", row: 2099 } });
    expect(`${failure.message} ${failure.hint ?? ""}`).toContain(reason);
    await expect(connection.run("FROM t")).rejects.toThrow("does not exist");
  });

  test.each<[string, string]>([
    ["nonsense", "nonsense"],
    ["two columns", "INTEGER), (1"],
    ["two statements", "INTEGER); DROP TABLE victim; --"],
    ["a comment", "INTEGER) --"],
    ["nothing", ""],
  ])("%s for a type: refused, and nothing is run", async (_name, type) => {
    await using connection = await openDatabase();
    await connection.run("CREATE TABLE victim (a INTEGER)");
    await expect(loadRows(connection, "t", [{ x: 1 }], { x: type })).rejects.toMatchObject({
      code: "INVALID_TYPE",
    });
    await connection.run("FROM victim");
  });

  test("keys that are no column are refused", async () => {
    await using connection = await openDatabase();
    await expect(
      loadRows(connection, "t", [{ a: 1 }, { a: 1, b: 2 }], { a: "INTEGER" }),
    ).rejects.toMatchObject({
      code: "UNKNOWN_COLUMN",
      details: { column: "b", row: 1 },
    });
  });

  test("an existing table stays unless it is to be replaced", async () => {
    await using connection = await openDatabase();
    await loadRows(connection, "t", [{ a: 1 }]);
    await expect(loadRows(connection, "t", [{ a: 2 }])).rejects.toThrow("already exists");
    await loadRows(connection, { name: "t", replace: true }, [{ a: 2 }]);
    expect((await connection.runAndReadAll("SELECT a::INT FROM t")).getRows()).toEqual([[2]]);
  });
});
