import { expect, test } from "vitest";
import { CalendarDate } from "../../../src/duckdb/values/calendar-date.ts";
import { Decimal } from "../../../src/duckdb/values/decimal.ts";
import { allRows, rowsOfResult } from "../../../src/duckdb/values/rows-of-result.ts";
import { Timestamp } from "../../../src/duckdb/values/timestamp.ts";
import { Variant } from "../../../src/duckdb/values/variant.ts";
import { openDatabase } from "./compare.ts";

async function value(sql: string, options?: { int64: "number" | "bigint" }): Promise<unknown> {
  await using connection = await openDatabase();
  const [row] = await allRows(await connection.run(`SELECT ${sql} AS x`), options);
  return row!.x;
}

test.each<[string, unknown]>([
  ["true", true],
  ["1::TINYINT", 1],
  ["4294967295::UINTEGER", 4_294_967_295],
  ["1::BIGINT", 1n],
  ["1::UBIGINT", 1n],
  ["(-170141183460469231731687303715884105728)::HUGEINT", -(2n ** 127n)],
  ["340282366920938463463374607431768211455::UHUGEINT", 2n ** 128n - 1n],
  ["'-1'::BIGNUM", -1n],
  ["1.5::FLOAT", 1.5],
  ["'nan'::DOUBLE", Number.NaN],
  ["'-inf'::DOUBLE", Number.NEGATIVE_INFINITY],
  ["''", ""],
  ["'a' || chr(0) || '🦆'", "a\0🦆"],
  ["'\\x00\\xFF'::BLOB", new Uint8Array([0, 255])],
  ["'00112233-4455-6677-8899-aabbccddeeff'::UUID", "00112233-4455-6677-8899-aabbccddeeff"],
  ["'b'::ENUM('a', 'b')", "b"],
  ["'{\"a\": 1}'::JSON", '{"a": 1}'],
  ["[]::INTEGER[]", []],
  ["[1, NULL]", [1, null]],
  ["[[1], NULL, []]", [[1], null, []]],
  ["array_value(1, 2)", [1, 2]],
  ["{'a': 1, 'b': NULL}", { a: 1, b: null }],
  ["row(1, 'x')", [1, "x"]],
  ["map {'k': [1]}", new Map([["k", [1]]])],
  ["union_value(n := 1)", { tag: "n", value: 1 }],
  ["NULL", null],
  ["NULL::INTEGER[]", null],
])("%s", async (sql, expected) => {
  expect(await value(sql)).toEqual(expected);
});

test("values of one column have one JavaScript type, whatever their size", async () => {
  expect(await value("(SELECT sum(i) FROM range(3) t(i))")).toBe(3n);
  expect(await value("(SELECT count(*) FROM range(1))")).toBe(1n);
});

test("int64 as numbers, also inside nested values, as long as they are safe", async () => {
  const sql =
    "{'a': 1::BIGINT, 'b': [2::UBIGINT], 'c': 3::HUGEINT, 'd': map {4::BIGINT: 5::UHUGEINT}, 'e': 6::BIGNUM}";
  expect(await value(sql, { int64: "number" })).toEqual({ a: 1, b: [2], c: 3, d: new Map([[4, 5]]), e: 6n });
  expect(await value("9007199254740991", { int64: "number" })).toBe(Number.MAX_SAFE_INTEGER);
  await expect(value("[9007199254740992]", { int64: "number" })).rejects.toMatchObject({
    code: "UNSAFE_INTEGER",
    details: { column: "x", value: "9007199254740992" },
    hint: expect.stringContaining("VARCHAR"),
  });
});

test("dates, timestamps and decimals are values of their own", async () => {
  expect(await value("DATE '2024-02-29'")).toSatisfy(
    (x) => x instanceof CalendarDate && String(x) === "2024-02-29",
  );
  expect(await value("1.50::DECIMAL(4, 2)")).toEqual(new Decimal(150n, { width: 4, scale: 2 }));
  const moment = await value("TIMESTAMPTZ '2024-02-29 12:00:00.123456+02'");
  expect(moment).toBeInstanceOf(Timestamp);
  expect(String(moment)).toBe("2024-02-29 10:00:00.123456+00");
});

test("a VARIANT brings its types", async () => {
  expect(await value("1::TINYINT::VARIANT")).toEqual(new Variant(1, "TINYINT"));
  const mixed = (await value("{'l': [1::VARIANT, 'two'::VARIANT, NULL]}::VARIANT")) as Variant;
  expect(mixed.type).toBe('STRUCT("l" VARIANT[])');
  expect(mixed.unwrap()).toEqual({ l: [1, "two", null] });
});

test("columns of one name and columns with special names keep their values", async () => {
  await using connection = await openDatabase();
  const sql = `SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS "__proto__", {'__proto__': 5} AS s`;
  const [row] = await allRows(await connection.run(sql));
  expect(Object.entries(row!)).toEqual([
    ["a", 1],
    ["a_2", 2],
    ["a_1", 3],
    ["__proto__", 4],
    ["s", row!.s],
  ]);
  expect(Object.entries(row!.s!)).toEqual([["__proto__", 5]]);
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
});

test("rows outlive their chunk, and blobs do not share its memory", async () => {
  await using connection = await openDatabase();
  const result = await connection.run("SELECT 'a string that is not short'::BLOB AS b FROM range(2)");
  const [first, second] = (await allRows(result)) as [{ b: Uint8Array }, { b: Uint8Array }];
  first.b.fill(0);
  expect(Buffer.from(second.b).toString()).toBe("a string that is not short");
});

test("a result is read no further than asked", async () => {
  await using connection = await openDatabase();
  const result = await connection.stream("SELECT i FROM range(1000000000000) t(i)");
  for await (const rows of rowsOfResult(result)) {
    expect(rows[0]).toEqual({ i: 0n });
    break;
  }
  expect(await allRows(await connection.run("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
});

test("strings of every length and position come whole", async () => {
  await using connection = await openDatabase();
  const sql =
    "SELECT i, repeat(chr((97 + i % 26)::INT), i % 40) AS s, if(i % 3 = 0, NULL, 'ö' || i) AS t FROM range(5000) r(i)";
  for (const result of [await connection.run(sql), await connection.stream(sql)]) {
    const rows = await allRows(result);
    expect(rows.length).toBe(5000);
    rows.forEach((row, index) => {
      const letter = String.fromCharCode(97 + (index % 26));
      expect(row).toEqual({
        i: BigInt(index),
        s: letter.repeat(index % 40),
        t: index % 3 === 0 ? null : `ö${index}`,
      });
    });
  }
});
