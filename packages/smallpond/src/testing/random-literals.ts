/**
 * SQL literals of every scalar DuckDB type: its edge values half of the time, random values the other half.
 *
 * Every literal is an expression that already has the exact type, and two different literals of one type are two
 * different values: map keys rely on that.
 */
import type { Random } from "@smallpond/base";

/** A scalar kind a random column can have. `DECIMAL` and `ENUM` stand for families of types. */
export type ScalarKind = (typeof SCALAR_KINDS)[number];

/** In the order of the table in `docs/types.md`. */
export const SCALAR_KINDS = [
  "BOOLEAN",
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "HUGEINT",
  "UTINYINT",
  "USMALLINT",
  "UINTEGER",
  "UBIGINT",
  "UHUGEINT",
  "BIGNUM",
  "FLOAT",
  "DOUBLE",
  "DECIMAL",
  "VARCHAR",
  "BLOB",
  "BIT",
  "DATE",
  "TIME",
  "TIME_NS",
  "TIMETZ",
  "TIMESTAMP",
  "TIMESTAMP_S",
  "TIMESTAMP_MS",
  "TIMESTAMP_NS",
  "TIMESTAMPTZ",
  "INTERVAL",
  "UUID",
  "ENUM",
  "JSON",
  "VARIANT",
  "GEOMETRY",
] as const;

/** A type drawn for a column, with the maker of its literals. */
export interface TypeSample {
  /** The type as DuckDB reads it, such as `DECIMAL(18,3)`. */
  readonly type: string;
  readonly literal: (random: Random) => string;
}

/** Draws a type of the kind. */
export function scalarSample(kind: ScalarKind, random: Random): TypeSample {
  return SAMPLES[kind](random);
}

/** An SQL string expression for any text, NUL characters included. */
export function textExpression(text: string): string {
  const parts = text.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts[0]! : `(${parts.join(" || chr(0) || ")})`;
}

const SAMPLES: Record<ScalarKind, (random: Random) => TypeSample> = {
  BOOLEAN: () => cast("BOOLEAN", ["true", "false"], (random) => String(random.int(2) === 1)),
  TINYINT: () => integer("TINYINT", 8, true),
  SMALLINT: () => integer("SMALLINT", 16, true),
  INTEGER: () => integer("INTEGER", 32, true),
  BIGINT: () => integer("BIGINT", 64, true),
  HUGEINT: () => integer("HUGEINT", 128, true),
  UTINYINT: () => integer("UTINYINT", 8, false),
  USMALLINT: () => integer("USMALLINT", 16, false),
  UINTEGER: () => integer("UINTEGER", 32, false),
  UBIGINT: () => integer("UBIGINT", 64, false),
  UHUGEINT: () => integer("UHUGEINT", 128, false),
  BIGNUM: () => cast("BIGNUM", BIGNUM_EDGES, (random) => String(bits(random, 300) - bits(random, 200))),
  FLOAT: () => cast("FLOAT", FLOAT_EDGES, (random) => String(Math.fround(real(random, 30)))),
  DOUBLE: () => cast("DOUBLE", DOUBLE_EDGES, (random) => String(real(random, 300))),
  DECIMAL: decimal,
  VARCHAR: () =>
    expression("VARCHAR", VARCHAR_EDGES.map(textExpression), (random) => textExpression(text(random))),
  BLOB: () => expression("BLOB", BLOB_EDGES.map(blob), (random) => blob(random.bytes(random.int(40)))),
  BIT: () => cast("BIT", BIT_EDGES, (random) => bits(random, 1 + random.int(150)).toString(2)),
  DATE: () => cast("DATE", DATE_EDGES, date),
  TIME: () => cast("TIME", ["00:00:00", "23:59:59.999999", "24:00:00"], (random) => time(random, 6)),
  TIME_NS: () => cast("TIME_NS", ["00:00:00", "23:59:59.999999999", "24:00:00"], (random) => time(random, 9)),
  TIMETZ: () => cast("TIMETZ", TIMETZ_EDGES, (random) => `${time(random, 6)}${offset(random)}`),
  TIMESTAMP: () => cast("TIMESTAMP", TIMESTAMP_EDGES, (random) => `${date(random)} ${time(random, 6)}`),
  TIMESTAMP_S: () => cast("TIMESTAMP_S", SECOND_EDGES, (random) => `${date(random)} ${time(random, 0)}`),
  TIMESTAMP_MS: () => cast("TIMESTAMP_MS", SECOND_EDGES, (random) => `${date(random)} ${time(random, 3)}`),
  TIMESTAMP_NS: () =>
    cast("TIMESTAMP_NS", NANOSECOND_EDGES, (random) => `${recentDate(random)} ${time(random, 9)}`),
  TIMESTAMPTZ: () =>
    cast("TIMESTAMPTZ", TIMESTAMP_EDGES.map(inUtc), (random) => inUtc(`${date(random)} ${time(random, 6)}`)),
  INTERVAL: () => expression("INTERVAL", INTERVAL_EDGES, randomInterval),
  UUID: () => cast("UUID", UUID_EDGES, (random) => random.uuid()),
  ENUM: enumeration,
  JSON: () => cast("JSON", JSON_EDGES, (random) => JSON.stringify({ n: random.int(1000), t: text(random) })),
  VARIANT: () => expression("VARIANT", VARIANT_EDGES, (random) => `CAST(${random.int(1000)} AS VARIANT)`),
  GEOMETRY: () =>
    cast("GEOMETRY", GEOMETRY_EDGES, (random) => `POINT (${random.int(360)} ${random.int(90)})`),
};

const BIGNUM_EDGES = ["0", "-1", "255", "256", "-256", "9".repeat(60), `-${"9".repeat(61)}`];
const FLOAT_EDGES = ["0", "-1.5", "nan", "inf", "-inf", "3.4028235e38", "1e-45"];
const DOUBLE_EDGES = [
  "0",
  "-1.5",
  "nan",
  "inf",
  "-inf",
  "1.7976931348623157e308",
  "5e-324",
  "9007199254740992",
];
// Twelve bytes still fit inside DuckDB's string header, thirteen do not.
const VARCHAR_EDGES = [
  "",
  "it's",
  '"',
  "\\",
  "$$;--",
  "a\0b",
  "\0",
  "twelve bytes",
  "thirteen byte",
  "日本語",
  "🦆🦆🦆🦆",
  "e\u0301",
  "x".repeat(1000),
];
const BLOB_EDGES = [
  new Uint8Array(0),
  new Uint8Array(1),
  new Uint8Array(12).fill(255),
  new Uint8Array(13).fill(128),
];
const BIT_EDGES = ["0", "1", "11111111", "000000000", "1".repeat(65), "0".repeat(128)];
const DATE_EDGES = [
  "1970-01-01",
  "1969-12-31",
  "0001-01-01",
  "9999-12-31",
  "0044-03-15 (BC)",
  "5877642-06-25 (BC)",
  "5881580-07-10",
  "infinity",
  "-infinity",
];
const TIMETZ_EDGES = [
  "00:00:00+15:59:59",
  "24:00:00-15:59:59",
  "12:00:00+00",
  "12:00:00+02",
  "12:00:00-02:30",
];
const SECOND_EDGES = [
  "1970-01-01 00:00:00",
  "1969-12-31 23:59:59",
  "0001-01-01 00:00:00",
  "9999-12-31 23:59:59",
  "290309-12-22 (BC) 00:00:00",
  "294247-01-10 04:00:54",
  "infinity",
  "-infinity",
];
const TIMESTAMP_EDGES = [...SECOND_EDGES, "1969-12-31 23:59:59.999999", "294247-01-10 04:00:54.775806"];
const NANOSECOND_EDGES = [
  "1970-01-01 00:00:00",
  "1969-12-31 23:59:59.999999999",
  "1677-09-22 00:00:00",
  "2262-04-11 23:47:16.854775806",
  "infinity",
  "-infinity",
];
const INTERVAL_EDGES = [
  "to_days(0)",
  "to_months(1)",
  "to_days(30)",
  "to_months(-2147483648)",
  "to_days(2147483647)",
  "(to_months(1) + to_days(-1) + to_microseconds(1))",
  // What 64 bits of nanoseconds can hold: the widest interval that Arrow can carry.
  "to_microseconds(9223372036854775)",
  "to_microseconds(-9223372036854775)",
];
const UUID_EDGES = [
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "80000000-0000-0000-0000-000000000000",
];
const JSON_EDGES = [
  "null",
  "{}",
  "[]",
  '"it\'s"',
  '{"a": [1, 2.5, null], "b": {"c": "é"}}',
  "12345678901234567890",
];
const VARIANT_EDGES = [
  "CAST('text' AS VARIANT)",
  "CAST(true AS VARIANT)",
  "CAST(1.50::DECIMAL(4,2) AS VARIANT)",
  "CAST(DATE '2024-02-29' AS VARIANT)",
  "CAST(170141183460469231731687303715884105727 AS VARIANT)",
  "CAST({'a': [1, NULL, 3], 'b': {'c': 'x'}} AS VARIANT)",
  "CAST([1::VARIANT, 'two'::VARIANT, [3.5]::VARIANT] AS VARIANT)",
];
const GEOMETRY_EDGES = ["POINT (1 2)", "LINESTRING (0 0, 1 1, 2 0)", "POLYGON ((0 0, 1 0, 1 1, 0 0))"];

function cast(type: string, edges: readonly string[], draw: (random: Random) => string): TypeSample {
  const typed = (value: string): string => `CAST(${textExpression(value)} AS ${type})`;
  return expression(type, edges.map(typed), (random) => typed(draw(random)));
}

function expression(type: string, edges: readonly string[], draw: (random: Random) => string): TypeSample {
  const literal = (random: Random): string =>
    random.int(2) === 0 ? edges[random.int(edges.length)]! : draw(random);
  return { type, literal };
}

function integer(type: string, width: number, signed: boolean): TypeSample {
  const half = 1n << BigInt(width - 1);
  const bias = signed ? half : 0n;
  const edges = [0n, half - 1n, signed ? -half : 2n * half - 1n, signed ? -1n : half, 1n];
  return cast(type, edges.map(String), (random) => String(bits(random, width) - bias));
}

function decimal(random: Random): TypeSample {
  const shapes = [
    [4, 1],
    [9, 0],
    [9, 9],
    [18, 3],
    [38, 0],
    [38, 10],
    [38, 38],
    [1 + random.int(38), 0],
  ] as const;
  const [width, scale] = shapes[random.int(shapes.length)]!;
  const largest = 10n ** BigInt(width) - 1n;
  const point = (value: bigint): string => {
    const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
    const cut = digits.length - scale;
    return `${value < 0n ? "-" : ""}${digits.slice(0, cut)}${scale === 0 ? "" : `.${digits.slice(cut)}`}`;
  };
  const draw = (source: Random): string => point((bits(source, 128) % (2n * largest + 1n)) - largest);
  return cast(`DECIMAL(${width},${scale})`, [0n, 1n, -1n, largest, -largest].map(point), draw);
}

function enumeration(random: Random): TypeSample {
  // More than 256 members need a wider index inside DuckDB.
  const count = [1, 5, 300][random.int(3)]!;
  const odd = ["", "it's", "日本", "with, comma", ")"];
  const members = Array.from({ length: count }, (_, index) => odd[index] ?? `m${index}`);
  const type = `ENUM(${members.map(textExpression).join(", ")})`;
  return cast(type, [members[0]!, members.at(-1)!], (source) => members[source.int(count)]!);
}

function blob(bytes: Uint8Array): string {
  return `CAST('${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}' AS BLOB)`;
}

function bits(random: Random, count: number): bigint {
  let value = 0n;
  for (let have = 0; have < count; have += 64) value = (value << 64n) | random.u64();
  return BigInt.asUintN(count, value);
}

function real(random: Random, exponentMax: number): number {
  return (random.next() - 0.5) * 10 ** (random.int(2 * exponentMax) - exponentMax);
}

function text(random: Random): string {
  const alphabet = ["a", "B", "7", " ", "'", '"', "\\", "é", "漢", "🦆", "\n", ";"];
  return Array.from({ length: random.int(30) }, () => alphabet[random.int(alphabet.length)]).join("");
}

function date(random: Random): string {
  return `${String(1 + random.int(9999)).padStart(4, "0")}-${two(1 + random.int(12))}-${two(1 + random.int(28))}`;
}

/** Nanosecond timestamps reach from 1677 to 2262 only. */
function recentDate(random: Random): string {
  return `${1700 + random.int(500)}-${two(1 + random.int(12))}-${two(1 + random.int(28))}`;
}

function time(random: Random, digits: number): string {
  const seconds = `${two(random.int(24))}:${two(random.int(60))}:${two(random.int(60))}`;
  if (digits === 0) return seconds;
  return `${seconds}.${String(random.int(10 ** digits)).padStart(digits, "0")}`;
}

function offset(random: Random): string {
  return `${random.int(2) === 0 ? "+" : "-"}${two(random.int(16))}:${two(random.int(60))}`;
}

function randomInterval(random: Random): string {
  const micros = bits(random, 50) - (1n << 49n);
  return `(to_months(${random.int(4000) - 2000}) + to_days(${random.int(4000) - 2000}) + to_microseconds(${micros}))`;
}

function inUtc(timestamp: string): string {
  return timestamp.endsWith("infinity") ? timestamp : `${timestamp}+00`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
