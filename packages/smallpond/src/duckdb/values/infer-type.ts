/** DuckDB types of JavaScript values: what a value suggests, and how suggestions of many values are merged. */
import {
  BIGINT,
  BIGNUM,
  BIT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBStructType,
  type DuckDBType,
  FLOAT,
  HUGEINT,
  INTEGER,
  INTERVAL,
  LIST,
  MAP,
  TIME,
  TIME_NS,
  TIMESTAMP,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMP_S,
  TIMESTAMPTZ,
  TIMETZ,
  UHUGEINT,
  VARCHAR,
  VARIANT,
} from "@duckdb/node-api";
import { typeText } from "../type-text.ts";
import { Bits } from "./bits.ts";
import { CalendarDate } from "./calendar-date.ts";
import { isPlainObject } from "./coerce.ts";
import { Decimal } from "./decimal.ts";
import { describeValue, quoted, valueError } from "./errors.ts";
import { Interval } from "./interval.ts";
import { Time } from "./time.ts";
import { Timestamp } from "./timestamp.ts";
import { Variant } from "./variant.ts";

/**
 * What the values seen so far say about their type. It is open where they leave something open: `null` is any type yet,
 * `integer` has a range, `date` (a plain Date) is a timestamp with or without time zone.
 */
export type Sketch =
  | { readonly kind: "null" | "date" | "double" }
  | { readonly kind: "integer"; readonly low: bigint; readonly high: bigint; readonly numbers: boolean }
  | { readonly kind: "decimal"; readonly whole: number; readonly scale: number }
  | { readonly kind: "scalar"; readonly type: DuckDBType }
  | { readonly kind: "list"; readonly item: Sketch }
  | { readonly kind: "map"; readonly key: Sketch; readonly value: Sketch }
  | { readonly kind: "struct"; readonly fields: ReadonlyMap<string, Sketch> };

/** Two values whose types do not go together. The path leads into nested values: `.a[]`. */
export class SketchConflict extends Error {
  readonly path: string;
  readonly left: Sketch;
  readonly right: Sketch;

  constructor(path: string, left: Sketch, right: Sketch) {
    super(`${sketchText(left)} and ${sketchText(right)}`);
    this.path = path;
    this.left = left;
    this.right = right;
  }
}

export const NOTHING: Sketch = { kind: "null" };

/** The type a literal of the value has: whole numbers of 32 bits are INTEGER, so that they come back as numbers. */
export function inferType(value: unknown): DuckDBType {
  try {
    return sketchType(sketchOf(value), "literal");
  } catch (error) {
    if (!(error instanceof SketchConflict)) throw error;
    const message = `${describeValue(value)} mixes ${error.message} in its items${error.path}`;
    throw valueError("TYPE_CONFLICT", message, {}, "give the type, or make the items alike");
  }
}

/** What one value suggests. Throws UNSUPPORTED_VALUE for what is no value of any column. */
export function sketchOf(value: unknown): Sketch {
  switch (typeof value) {
    case "undefined":
      return NOTHING;
    case "boolean":
      return scalar(BOOLEAN);
    case "number":
      // Values of up to 32 bits share one sketch, because nearly all values are like that.
      if ((value | 0) === value) return SMALL_INTEGER;
      return Number.isSafeInteger(value) ? integer(BigInt(value), true) : DOUBLE_SKETCH;
    case "bigint":
      return integer(value, false);
    case "string":
      return scalar(VARCHAR);
    case "object":
      return value === null ? NOTHING : objectSketch(value);
    default:
      return unsupported(value);
  }
}

/** A sketch that both fit, or a {@link SketchConflict}. */
export function mergeSketches(left: Sketch, right: Sketch, path = ""): Sketch {
  if (left === right || right.kind === "null") return left;
  if (left.kind === "null") return right;
  const merged =
    left.kind === right.kind
      ? mergeAlike(left, right, path)
      : (mergeUnlike(left, right) ?? mergeUnlike(right, left));
  if (merged === undefined) throw new SketchConflict(path, left, right);
  return merged;
}

/** The narrowest type for what was seen. What stayed open becomes INTEGER, as DuckDB types a bare NULL. */
export function sketchType(sketch: Sketch, use: "column" | "literal"): DuckDBType {
  switch (sketch.kind) {
    case "null":
      return INTEGER;
    case "date":
      return TIMESTAMP;
    case "double":
      return DOUBLE;
    case "integer":
      return integerType(sketch, use);
    case "decimal":
      return DECIMAL(Math.max(1, sketch.whole + sketch.scale), sketch.scale);
    case "scalar":
      return sketch.type;
    case "list":
      return LIST(sketchType(sketch.item, use));
    case "map":
      return MAP(sketchType(sketch.key, use), sketchType(sketch.value, use));
    case "struct":
      return structType(sketch.fields, use);
  }
}

/** For messages: the type, as far as it is known. */
export function sketchText(sketch: Sketch): string {
  return sketch.kind === "null" ? "NULL" : typeText(sketchType(sketch, "column"));
}

const DOUBLE_SKETCH: Sketch = { kind: "double" };
const DATE_SKETCH: Sketch = { kind: "date" };
const SMALL_INTEGER: Sketch = { kind: "integer", low: 0n, high: 0n, numbers: true };
const SCALARS = new Map<DuckDBType, Sketch>();

function scalar(type: DuckDBType): Sketch {
  const sketch = SCALARS.get(type) ?? { kind: "scalar", type };
  SCALARS.set(type, sketch);
  return sketch;
}

function integer(value: bigint, numbers: boolean): Sketch {
  return { kind: "integer", low: value < 0n ? value : 0n, high: value > 0n ? value : 0n, numbers };
}

type SketchMaker = readonly [
  make: abstract new (...parts: never) => object,
  sketch: (value: never) => Sketch,
];

/** Classes with a type of their own; the first that matches counts. */
const CLASSES: readonly SketchMaker[] = [
  [CalendarDate, () => scalar(DATE)],
  [Timestamp, (value: Timestamp) => scalar(timestampType(value))],
  [Date, () => DATE_SKETCH],
  [Uint8Array, () => scalar(BLOB)],
  [ArrayBuffer, () => scalar(BLOB)],
  [Decimal, (value: Decimal) => ({ kind: "decimal", whole: value.width - value.scale, scale: value.scale })],
  [Time, (value: Time) => scalar(timeType(value))],
  [Interval, () => scalar(INTERVAL)],
  [Bits, () => scalar(BIT)],
  [Variant, () => scalar(VARIANT)],
  [Float32Array, () => ({ kind: "list", item: scalar(FLOAT) })],
  [Float64Array, () => ({ kind: "list", item: DOUBLE_SKETCH })],
  [DataView, unsupported],
  [Map, mapSketch],
];

function objectSketch(value: object): Sketch {
  if (Array.isArray(value)) return { kind: "list", item: mergeAll(value, "[]") };
  for (const [make, sketch] of CLASSES) {
    if (value instanceof make) return sketch(value as never);
  }
  if (ArrayBuffer.isView(value))
    return { kind: "list", item: mergeAll(Array.from(value as Int8Array), "[]") };
  if (!isPlainObject(value)) return unsupported(value);
  const fields = Object.entries(value);
  if (fields.length === 0) {
    throw valueError(
      "UNSUPPORTED_VALUE",
      "DuckDB has no type for an object without fields",
      {},
      "use null or a Map",
    );
  }
  return { kind: "struct", fields: new Map(fields.map(([name, part]) => [name, sketchOf(part)])) };
}

function mapSketch(value: ReadonlyMap<unknown, unknown>): Sketch {
  return {
    kind: "map",
    key: mergeAll([...value.keys()], ".key"),
    value: mergeAll([...value.values()], ".value"),
  };
}

function mergeAll(values: readonly unknown[], path: string): Sketch {
  let merged = NOTHING;
  for (const value of values) merged = mergeSketches(merged, sketchOf(value), path);
  return merged;
}

function mergeAlike(left: Sketch, right: Sketch, path: string): Sketch | undefined {
  if (left.kind === "integer" && right.kind === "integer") {
    const low = left.low < right.low ? left.low : right.low;
    const high = left.high > right.high ? left.high : right.high;
    return { kind: "integer", low, high, numbers: left.numbers && right.numbers };
  }
  if (left.kind === "decimal" && right.kind === "decimal") {
    const whole = Math.max(left.whole, right.whole);
    const scale = Math.max(left.scale, right.scale);
    return whole + scale > 38 ? undefined : { kind: "decimal", whole, scale };
  }
  if (left.kind === "scalar" && right.kind === "scalar") {
    return typeText(left.type) === typeText(right.type) ? left : undefined;
  }
  if (left.kind === "list" && right.kind === "list") {
    return { kind: "list", item: mergeSketches(left.item, right.item, `${path}[]`) };
  }
  if (left.kind === "map" && right.kind === "map") {
    const key = mergeSketches(left.key, right.key, `${path}.key`);
    return { kind: "map", key, value: mergeSketches(left.value, right.value, `${path}.value`) };
  }
  if (left.kind === "struct" && right.kind === "struct") {
    const fields = new Map(left.fields);
    for (const [name, sketch] of right.fields) {
      fields.set(name, mergeSketches(fields.get(name) ?? NOTHING, sketch, `${path}.${name}`));
    }
    return { kind: "struct", fields };
  }
  return left;
}

/** Numbers with and without fractions are DOUBLE, but bigints would lose digits there. */
function mergeUnlike(left: Sketch, right: Sketch): Sketch | undefined {
  if (left.kind === "double" && right.kind === "integer") return right.numbers ? left : undefined;
  if (left.kind === "double" && right.kind === "scalar") return right.type === FLOAT ? left : undefined;
  if (left.kind === "date" && right.kind === "scalar") {
    return right.type === TIMESTAMP || right.type === TIMESTAMPTZ ? right : undefined;
  }
  return undefined;
}

function integerType(
  { low, high, numbers }: Extract<Sketch, { kind: "integer" }>,
  use: "column" | "literal",
): DuckDBType {
  const fits = (bits: number): boolean =>
    BigInt.asIntN(bits, low) === low && BigInt.asIntN(bits, high) === high;
  if (use === "literal" && numbers && fits(32)) return INTEGER;
  if (fits(64)) return BIGINT;
  if (fits(128)) return HUGEINT;
  return low === 0n && BigInt.asUintN(128, high) === high ? UHUGEINT : BIGNUM;
}

function structType(fields: ReadonlyMap<string, Sketch>, use: "column" | "literal"): DuckDBType {
  const names = [...fields.keys()];
  checkNames(names, "field");
  return new DuckDBStructType(
    names,
    [...fields.values()].map((field) => sketchType(field, use)),
  );
}

/** DuckDB compares names without regard to case, and has no empty ones. */
export function checkNames(names: readonly string[], what: "column" | "field"): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      const message = `${what} names ${quoted(other)} and ${quoted(name)} are the same to DuckDB`;
      throw valueError("DUPLICATE_COLUMN", message, { column: name }, "rename one of them");
    }
    if (name === "") throw valueError("UNKNOWN_COLUMN", `a ${what} has no name`, {}, "name it");
    seen.set(name.toLowerCase(), name);
  }
}

function timestampType({ unit, withTimeZone }: Timestamp): DuckDBType {
  if (withTimeZone) return TIMESTAMPTZ;
  return { s: TIMESTAMP_S, ms: TIMESTAMP_MS, us: TIMESTAMP, ns: TIMESTAMP_NS }[unit];
}

function timeType({ unit, offsetSeconds }: Time): DuckDBType {
  if (offsetSeconds !== undefined) return TIMETZ;
  return unit === "ns" ? TIME_NS : TIME;
}

function unsupported(value: unknown): never {
  const message = `${describeValue(value)} has no DuckDB type`;
  throw valueError(
    "UNSUPPORTED_VALUE",
    message,
    { value: describeValue(value) },
    "convert it to a value that has one",
  );
}
