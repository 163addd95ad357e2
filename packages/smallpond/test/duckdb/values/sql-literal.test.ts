import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bits } from "../../../src/duckdb/values/bits.ts";
import { CalendarDate } from "../../../src/duckdb/values/calendar-date.ts";
import { Decimal } from "../../../src/duckdb/values/decimal.ts";
import { Interval } from "../../../src/duckdb/values/interval.ts";
import type { JsValue } from "../../../src/duckdb/values/js-value.ts";
import { allRows } from "../../../src/duckdb/values/rows-of-result.ts";
import { sqlLiteral } from "../../../src/duckdb/values/sql-literal.ts";
import { Time } from "../../../src/duckdb/values/time.ts";
import { Timestamp } from "../../../src/duckdb/values/timestamp.ts";
import { Variant } from "../../../src/duckdb/values/variant.ts";
import { openDatabase } from "./compare.ts";

const integer = fc.integer();
const bigint = fc.oneof(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), fc.bigInt({ min: -9n, max: 9n }));
/** Any text that UTF-8 can express, with what injections are made of. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom("'", '"', "\\", ";", "--", "\0", "/*", "$$", "{", "\n"),
    fc.string({ unit: "binary", maxLength: 1 }),
  ),
});
const day = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((days) => new CalendarDate(days));
const moment = fc
  .record({
    ticks: fc.bigInt({ min: -(2n ** 61n), max: 2n ** 61n }),
    options: fc.constantFrom<object>({ unit: "us" }, { unit: "ns" }, { unit: "us", withTimeZone: true }),
  })
  .map(({ ticks, options }) => new Timestamp(ticks, options));
const decimal = fc
  .record({
    value: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    scale: fc.integer({ min: 0, max: 38 }),
  })
  .map(({ value, scale }) => new Decimal(value, { width: 38, scale }));
const interval = fc
  .record({ months: integer, days: integer, micros: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }) })
  .map((parts) => new Interval(parts));
const scalar: fc.Arbitrary<JsValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  integer,
  fc.double(),
  bigint,
  text,
  fc.uint8Array(),
  day,
  moment,
  decimal,
  interval,
  fc.bigInt({ min: 0n, max: 86_400_000_000n }).map((micros) => new Time(micros * 1000n)),
  fc.string({ unit: fc.constantFrom("0", "1"), minLength: 1 }).map((bits) => new Bits(bits)),
);
const name = text.filter((key) => !key.includes("\0") && key !== "");
const value: fc.Arbitrary<JsValue> = fc.oneof(
  scalar,
  fc.array(text, { maxLength: 5 }),
  fc.array(fc.array(integer, { maxLength: 3 }), { maxLength: 3 }),
  fc
    .uniqueArray(fc.tuple(name, scalar), {
      minLength: 1,
      maxLength: 4,
      selector: ([key]) => key.toLowerCase(),
    })
    .map((fields) => Object.fromEntries(fields)),
  fc.array(fc.tuple(text, integer), { maxLength: 4 }).map((entries) => new Map(entries)),
);

/** Whole numbers beyond 32 bits come back as bigints, and -0 as 0. */
function comparable(input: unknown): unknown {
  if (typeof input === "bigint") return `${input}`;
  if (typeof input === "number") return Number.isInteger(input) ? `${BigInt(input)}` : input;
  if (input instanceof Date || input instanceof Decimal || input instanceof Time) return `${input}`;
  if (input instanceof Map)
    return new Map([...input].map(([key, item]) => [comparable(key), comparable(item)]));
  if (Array.isArray(input)) return input.map(comparable);
  if (typeof input !== "object" || input === null || Object.getPrototypeOf(input) !== Object.prototype)
    return input;
  return Object.entries(input).map(([key, item]) => [key, comparable(item)]);
}

test("SELECT of a literal gives the value back, whatever it is", async () => {
  await using connection = await openDatabase();
  await fc.assert(
    fc.asyncProperty(value, async (input) => {
      const [row] = await allRows(await connection.run(`SELECT ${sqlLiteral(input)} AS x`));
      expect(comparable(row!.x)).toEqual(comparable(input));
    }),
    { numRuns: 400 },
  );
});

test("a literal stays one operand wherever it stands", async () => {
  await using connection = await openDatabase();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(integer, fc.double({ noNaN: true, noDefaultInfinity: true }), bigint),
      async (number) => {
        const literal = sqlLiteral(number);
        const sql = `SELECT 0-${literal} IS NULL AS a, ${literal}::VARCHAR AS b, [${literal}][1] IS NULL AS c`;
        const [row] = await allRows(await connection.run(sql));
        expect([row!.a, row!.c]).toEqual([false, false]);
      },
    ),
    { numRuns: 50 },
  );
});

describe("types of literals", () => {
  test.each<[JsValue, string]>([
    [1, "INTEGER"],
    [-1, "INTEGER"],
    [-2_147_483_648, "INTEGER"],
    [2 ** 31, "BIGINT"],
    [2 ** 60, "DOUBLE"],
    [0.5, "DOUBLE"],
    [1n, "BIGINT"],
    [2n ** 63n, "HUGEINT"],
    [2n ** 127n, "UHUGEINT"],
    [2n ** 128n, "BIGNUM"],
    [new Date(0), "TIMESTAMP"],
    [[1, 2.5], "DOUBLE[]"],
    [[1, 2], "INTEGER[]"],
    [[1n, null], "BIGINT[]"],
    [{ a: 1, b: ["x"] }, "STRUCT(a INTEGER, b VARCHAR[])"],
    [new Map([["k", new Decimal(1n, { width: 4, scale: 1 })]]), "MAP(VARCHAR, DECIMAL(4,1))"],
    [new Variant(1, "TINYINT"), "VARIANT"],
  ])("%o is %s", async (input, type) => {
    await using connection = await openDatabase();
    const reader = await connection.runAndReadAll(`SELECT typeof(${sqlLiteral(input)})`);
    expect(reader.getRows()).toEqual([[type]]);
  });

  test("a type may be given, and is checked", () => {
    expect(sqlLiteral(5, "DECIMAL(4,1)")).toBe("CAST('5.0' AS DECIMAL(4,1))");
    expect(sqlLiteral(null, "INTEGER[]")).toBe("CAST(NULL AS INTEGER[])");
    expect(sqlLiteral("2024-02-29", "DATE")).toBe("CAST('2024-02-29' AS DATE)");
    expect(() => sqlLiteral(300, "TINYINT")).toThrow("300 does not fit TINYINT: it is out of range");
    expect(() => sqlLiteral("x", "INTEGER); DROP TABLE t; --")).toThrow("is not the text of a DuckDB type");
  });
});

test.each<[string, unknown, string]>([
  ["undefined", undefined, "UNDEFINED_VALUE"],
  ["a function", () => 1, "UNSUPPORTED_VALUE"],
  ["a symbol", Symbol("s"), "UNSUPPORTED_VALUE"],
  ["a set", new Set([1]), "UNSUPPORTED_VALUE"],
  ["an empty object", {}, "UNSUPPORTED_VALUE"],
  ["unlike items", [1, "a"], "TYPE_CONFLICT"],
  ["half a character", "\ud83e", "VALUE_DOES_NOT_FIT"],
  ["an invalid Date", new Date(Number.NaN), "VALUE_DOES_NOT_FIT"],
])("%s is refused", (_name, input, code) => {
  expect(() => sqlLiteral(input as JsValue)).toThrow(
    expect.objectContaining({ code, hint: expect.anything() }),
  );
});
