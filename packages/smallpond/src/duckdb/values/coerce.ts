/**
 * One JavaScript value as one DuckDB type: what each type takes, and the reasons given when it does not. Shared by
 * loading rows and by SQL literals, so that both accept the same values.
 */
import type { DuckDBDecimalType, DuckDBType } from "@duckdb/node-api";
import { isPondError } from "@smallpond/base";
import { Bits } from "./bits.ts";
import { CalendarDate } from "./calendar-date.ts";
import { DAY_MS } from "./civil.ts";
import { Decimal, digitsOf, parseDecimal, rescale, roundScale } from "./decimal.ts";
import { Misfit } from "./errors.ts";
import { Interval } from "./interval.ts";
import { keyText } from "./key-text.ts";
import { Time } from "./time.ts";
import {
  INFINITE_TICKS,
  TICK_RANGES,
  Timestamp,
  type TimestampOptions,
  type TimestampUnit,
} from "./timestamp.ts";
import { isJson } from "./type-table.ts";
import { uuidBytes } from "./uuid.ts";
import { wkbProblem } from "./wkb.ts";

export function toBoolean(value: unknown): boolean {
  if (typeof value !== "boolean") throw new Misfit(value, "it is not true or false");
  return value;
}

/** An integer of so many bits. */
export function toInteger(value: unknown, bits: number, signed: boolean): bigint {
  const integer = integerOf(value);
  const cut = signed ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer);
  if (cut !== integer) throw new Misfit(value, "it is out of range", "give the column a wider type");
  return integer;
}

/** An integer of at most 32 bits. */
export function toSmallInteger(value: unknown, bits: 8 | 16 | 32, signed: boolean): number {
  if (typeof value === "number" && Number.isInteger(value)) {
    const span = 2 ** bits;
    const low = signed ? -span / 2 : 0;
    if (value >= low && value < low + span) return value;
  }
  return Number(toInteger(value, bits, signed));
}

export function toBignum(value: unknown): bigint {
  return integerOf(value);
}

export function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value !== "bigint") throw new Misfit(value, "it is not a number");
  const number = Number(value);
  if (BigInt(number) !== value) throw new Misfit(value, "a floating-point number would change it");
  return number;
}

/** Rounded to 32 bits, as everything in a FLOAT column is; but not to infinity. */
export function toFloat(value: unknown): number {
  const number = toNumber(value);
  if (Number.isFinite(number) && !Number.isFinite(Math.fround(number))) {
    throw new Misfit(value, "it is out of range", "give the column the type DOUBLE");
  }
  return number;
}

/**
 * The digits at the type's scale. Numbers are rounded, because most decimal fractions are inexact as numbers anyway;
 * Decimals and text are exact amounts, and lose no digit.
 */
export function toDecimalDigits(value: unknown, { width, scale }: DuckDBDecimalType): bigint {
  const digits = scaledDigits(value, scale);
  if (digits === undefined) throw new Misfit(value, `it has more than ${scale} decimals`, "round it first");
  if (digitsOf(digits) > width)
    throw new Misfit(value, "it has too many digits", "give the column a wider type");
  return digits;
}

/** Text without lone surrogates, which UTF-8 cannot express; JSON columns take JSON only. */
export function toText(value: unknown, type: DuckDBType): string {
  if (typeof value !== "string") {
    const hint = isJson(type) ? "use JSON.stringify" : "use String(value)";
    throw new Misfit(value, "it is not a string", hint);
  }
  if (!WELL_FORMED.call(value))
    throw new Misfit(value, "it contains half a character", "use value.toWellFormed()");
  if (isJson(type)) checkJson(value);
  return value;
}

export function toBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new Misfit(value, "it is not a Uint8Array");
}

/** Well-known binary of a geometry, complete and without rest. */
export function toWkb(value: unknown): Uint8Array {
  const bytes = toBytes(value);
  const problem = wkbProblem(bytes);
  if (problem !== undefined) throw new Misfit(value, `it is not well-known binary: ${problem}`);
  return bytes;
}

export function toBits(value: unknown): Bits {
  if (value instanceof Bits) return value;
  return typeof value === "string"
    ? fitting(value, () => new Bits(value))
    : refuse(value, "it is not Bits or a string of 0 and 1");
}

export function toCalendarDate(value: unknown): CalendarDate {
  if (value instanceof CalendarDate) return value;
  if (typeof value === "string") return fitting(value, () => CalendarDate.from(value));
  if (!(value instanceof Date)) return refuse(value, "it is not a date");
  // A local midnight is another day in UTC for half of the world, so guessing would be wrong for half of the users.
  if (value.getTime() % DAY_MS !== 0) {
    return refuse(value, "it is not midnight in UTC", "use CalendarDate.from(text), or Date.UTC");
  }
  return fitting(value, () => CalendarDate.from(value));
}

export function toTime(value: unknown, type: "TIME" | "TIME_NS" | "TIMETZ"): Time {
  const time = typeof value === "string" ? fitting(value, () => Time.from(value)) : value;
  if (!(time instanceof Time)) return refuse(value, "it is not a Time");
  if (time.unit === "ns" && type !== "TIME_NS" && time.nanos % 1000n !== 0n) {
    return refuse(value, "it is finer than microseconds");
  }
  if (time.offsetSeconds !== undefined && type !== "TIMETZ") return refuse(value, "it has an offset");
  return time;
}

/** The ticks of a timestamp in the unit; digits finer than that are refused, and times that DuckDB cannot read. */
export function toTicks(value: unknown, options: TimestampOptions): bigint {
  const unit = options.unit ?? "us";
  const ticks = ticksOf(value, unit, options);
  const [low, high] = TICK_RANGES[unit];
  if (ticks >= low && ticks <= high) return ticks;
  const infinite = ticks === INFINITE_TICKS || ticks === -INFINITE_TICKS;
  return infinite ? ticks : refuse(value, "it is outside the range of timestamps");
}

export function toInterval(value: unknown): Interval {
  if (!(value instanceof Interval)) throw new Misfit(value, "it is not an Interval");
  return value;
}

export function toUuidBytes(value: unknown): Uint8Array {
  const bytes = typeof value === "string" ? uuidBytes(value) : undefined;
  if (bytes === undefined) throw new Misfit(value, "it is not the text of a UUID");
  return bytes;
}

export function toEnumIndex(value: unknown, indices: ReadonlyMap<unknown, number>): number {
  const index = indices.get(value);
  if (index === undefined) throw new Misfit(value, "it is not a member");
  return index;
}

/** An array, or the numbers of a typed array. */
export function toArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Uint8Array);
  throw new Misfit(value, "it is not an array");
}

/** An array of exactly so many items. */
export function toItems(value: unknown, length: number): readonly unknown[] {
  const items = toArray(value);
  if (items.length !== length) throw new Misfit(value, `it has ${items.length} items instead of ${length}`);
  return items;
}

/** The object's fields in the order of `names`; missing ones are undefined. */
export function toStruct(value: unknown, names: readonly string[]): readonly unknown[] {
  if (!isPlainObject(value)) throw new Misfit(value, "it is not a plain object");
  for (const key of Object.keys(value)) {
    if (!names.includes(key))
      throw new Misfit(value, `it has a field ${JSON.stringify(key)}, which the type has not`);
  }
  return names.map((name) => (Object.hasOwn(value, name) ? value[name] : undefined));
}

/** Entries whose keys are present and differ. */
export function toMap(value: unknown, keyType: DuckDBType): readonly (readonly [unknown, unknown])[] {
  const entries =
    value instanceof Map ? [...value] : isPlainObject(value) ? Object.entries(value) : undefined;
  if (entries === undefined) throw new Misfit(value, "it is not a Map");
  const seen = new Set<string>();
  for (const [key] of entries) {
    if (key === null || key === undefined) throw new Misfit(value, "it has a null key");
    seen.add(keyText(key, keyType));
  }
  if (seen.size < entries.length) throw new Misfit(value, "two of its keys are equal");
  return entries;
}

/** The member's index and its value. */
export function toUnion(
  value: unknown,
  tags: readonly string[],
): { readonly index: number; readonly item: unknown } {
  const shaped = isPlainObject(value) && typeof value.tag === "string" && "value" in value;
  if (!shaped) throw new Misfit(value, "it is not { tag, value }");
  const index = tags.indexOf(value.tag as string);
  if (index < 0)
    throw new Misfit(value, `it has the tag ${JSON.stringify(value.tag)}, which the type has not`);
  return { index, item: value.value };
}

/** An object that is only its fields: a literal, a parsed one, or one without a prototype. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Objects of another realm (a test runner's, a vm's) have another Object.prototype, which has no prototype itself.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

// Part of ES2024, so the library types of our target do not know it yet.
const WELL_FORMED = (String.prototype as unknown as { isWellFormed: (this: string) => boolean }).isWellFormed;

function integerOf(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value !== "number") throw new Misfit(value, "it is not an integer");
  if (Number.isSafeInteger(value)) return BigInt(value);
  const whole = Number.isInteger(value);
  throw new Misfit(
    value,
    whole ? "as a number it is not exact" : "it is not an integer",
    whole ? "use a bigint" : undefined,
  );
}

function ticksOf(value: unknown, unit: TimestampUnit, options: TimestampOptions): bigint {
  if (value instanceof Timestamp && value.unit === unit) return value.ticks;
  if (value instanceof CalendarDate && !value.isFinite)
    return value.days > 0 ? INFINITE_TICKS : -INFINITE_TICKS;
  if (typeof value !== "string" && !(value instanceof Date)) {
    return refuse(value, "it is not a Date or a timestamp", "use new Date(milliseconds)");
  }
  return fitting(value, () => Timestamp.from(value, options).ticks);
}

function scaledDigits(value: unknown, scale: number): bigint | undefined {
  if (value instanceof Decimal) return rescale(value.value, value.scale, scale);
  if (typeof value === "bigint") return rescale(value, 0, scale);
  if (typeof value !== "number" && typeof value !== "string")
    return refuse(value, "it is not a decimal number");
  if (typeof value === "number" && !Number.isFinite(value))
    return refuse(value, "a DECIMAL is always finite");
  const parsed = fitting(value, () => parseDecimal(value));
  const convert = typeof value === "number" ? roundScale : rescale;
  return convert(parsed.digits, parsed.scale, scale);
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Misfit(text, `it is not JSON: ${(error as Error).message}`, "use JSON.stringify");
  }
}

/** Runs a value class's own check, and reports what it found as a misfit. */
function fitting<T>(value: unknown, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!isPondError(error)) throw error;
    throw new Misfit(value, error.message, error.hint);
  }
}

function refuse(value: unknown, reason: string, hint?: string): never {
  throw new Misfit(value, reason, hint);
}
