/** Readers of dates, times and intervals, which differ in their units. Digits that DuckDB cannot hold are refused. */
import type { Data } from "apache-arrow";
import { isValid } from "../duckdb/values/bitmap.ts";
import type { FixedData } from "../duckdb/values/column-data.ts";
import { Misfit } from "../duckdb/values/errors.ts";
import { INFINITE_TICKS, TICK_RANGES, type TimestampUnit } from "../duckdb/values/timestamp.ts";
import { rowsOf, valueBytes, valuesAs } from "./arrow-buffers.ts";
import { readRaw } from "./read-fixed.ts";
import type { Reader } from "./readers.ts";

/** Units by Arrow's numbers: 0 seconds, 1 milliseconds, 2 microseconds, 3 nanoseconds. */
export interface TickUnits {
  readonly from: number;
  readonly to: number;
  /** Bytes per value in Arrow; DuckDB has 8. */
  readonly width: number;
}

/** Timestamps. In the same unit the bits are the same, infinity included. */
export function readTicks(units: TickUnits): Reader {
  return checked(units, TICK_RANGES[UNITS[units.to]!], INFINITE_TICKS);
}

/** Times of day. DuckDB gives up on the whole database when it meets one that is none. */
export function readTimes(units: TickUnits): Reader {
  return checked(units, [0n, 86_400n * 1000n ** BigInt(units.to)], 0n);
}

/** Days since 1970. All but one bit pattern mean something to DuckDB. */
export function readDates(data: Data, start: number, count: number): FixedData {
  const rows = rowsOf(data, start, count);
  const days = valuesAs(Int32Array, valueBytes(data, 4, start, count));
  const bad = days.findIndex((day, row) => day === -(2 ** 31) && isValid(rows.validity, row));
  if (bad >= 0) throw new Misfit(days[bad], "as days it is outside the range of dates");
  return {
    kind: "fixed",
    ...rows,
    width: 4,
    data: new Uint8Array(days.buffer, days.byteOffset, days.byteLength),
  };
}

/** Milliseconds as days. */
export function readDays(data: Data, start: number, count: number): FixedData {
  const rows = rowsOf(data, start, count);
  const millis = valuesAs(BigInt64Array, valueBytes(data, 8, start, count));
  const days = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    if (!isValid(rows.validity, row)) continue;
    const day = millis[row]! / 86_400_000n;
    if (day * 86_400_000n !== millis[row] || BigInt.asIntN(32, day) !== day) {
      throw new Misfit(millis[row], "as milliseconds it is not a whole day");
    }
    days[row] = Number(day);
  }
  return { kind: "fixed", ...rows, width: 4, data: new Uint8Array(days.buffer) };
}

/** Intervals of months. */
export function readMonths(data: Data, start: number, count: number): FixedData {
  const months = valuesAs(Int32Array, valueBytes(data, 4, start, count));
  return intervals(data, start, count, (row) => [months[row]!, 0, 0n]);
}

/** Intervals of days and milliseconds. */
export function readDayTimes(data: Data, start: number, count: number): FixedData {
  const words = valuesAs(Int32Array, valueBytes(data, 8, start, count));
  return intervals(data, start, count, (row) => [0, words[row * 2]!, BigInt(words[row * 2 + 1]!) * 1000n]);
}

/** Intervals of months, days and nanoseconds. */
export function readMonthDayNanos(data: Data, start: number, count: number): FixedData {
  const bytes = valueBytes(data, 16, start, count);
  const words = valuesAs(Int32Array, bytes);
  const longs = valuesAs(BigInt64Array, bytes);
  const toMicros = converter(3, 2);
  return intervals(data, start, count, (row) => {
    return [words[row * 4]!, words[row * 4 + 1]!, toMicros(longs[row * 2 + 1]!)];
  });
}

/** Durations in any unit. */
export function readDurations(unit: number): Reader {
  const toMicros = converter(unit, 2);
  return (data, start, count) => {
    const ticks = valuesAs(BigInt64Array, valueBytes(data, 8, start, count));
    return intervals(data, start, count, (row) => [0, 0, toMicros(ticks[row]!)]);
  };
}

function intervals(
  data: Data,
  start: number,
  count: number,
  parts: (row: number) => readonly [months: number, days: number, micros: bigint],
): FixedData {
  const rows = rowsOf(data, start, count);
  const longs = new BigInt64Array(count * 2);
  const words = new Int32Array(longs.buffer);
  for (let row = 0; row < count; row++) {
    if (!isValid(rows.validity, row)) continue;
    const [months, days, micros] = parts(row);
    words[row * 4] = months;
    words[row * 4 + 1] = days;
    longs[row * 2 + 1] = micros;
  }
  return { kind: "fixed", ...rows, width: 16, data: new Uint8Array(longs.buffer) };
}

function readLongs(
  data: Data,
  start: number,
  count: number,
  width: number,
  convert: (value: bigint) => bigint,
): FixedData {
  const rows = rowsOf(data, start, count);
  const bytes = valueBytes(data, width, start, count);
  const stored = width === 8 ? valuesAs(BigInt64Array, bytes) : valuesAs(Int32Array, bytes);
  const values = new BigInt64Array(count);
  for (let row = 0; row < count; row++) {
    if (isValid(rows.validity, row)) values[row] = convert(BigInt(stored[row]!));
  }
  return { kind: "fixed", ...rows, width: 8, data: new Uint8Array(values.buffer) };
}

/** Reads values of one unit as another, all of them within the range or infinite. */
function checked({ from, to, width }: TickUnits, range: readonly [bigint, bigint], infinite: bigint): Reader {
  const read: Reader =
    from === to && width === 8
      ? readRaw(8)
      : (data, start, count) => readLongs(data, start, count, width, converter(from, to));
  return (data, start, count) => {
    const column = read(data, start, count) as FixedData;
    checkRange(column, range, infinite);
    return column;
  };
}

/** Nearly all values are told to be in range by their upper half. */
function checkRange(column: FixedData, [low, high]: readonly [bigint, bigint], infinite: bigint): void {
  const longs = valuesAs(BigInt64Array, column.data);
  const words = new Int32Array(longs.buffer, longs.byteOffset, column.length * 2);
  const [lowHalf, highHalf] = [Number(low >> 32n), Number(high >> 32n)];
  for (let row = 0; row < column.length; row++) {
    const half = words[row * 2 + 1]!;
    if ((half > lowHalf && half < highHalf) || !isValid(column.validity, row)) continue;
    const value = longs[row]!;
    const inRange = value >= low && value <= high;
    if (!inRange && value !== infinite && value !== -infinite)
      throw new Misfit(value, "it is outside the range");
  }
}

const UNITS: readonly TimestampUnit[] = ["s", "ms", "us", "ns"];
const UNIT_NAMES = ["seconds", "milliseconds", "microseconds", "nanoseconds"];

function converter(from: number, to: number): (value: bigint) => bigint {
  const factor = 1000n ** BigInt(Math.abs(to - from));
  if (to >= from) {
    return (value) => {
      const scaled = value * factor;
      if (BigInt.asIntN(64, scaled) === scaled) return scaled;
      throw new Misfit(value, `as ${UNIT_NAMES[to]} it has more than 64 bits`);
    };
  }
  return (value) => {
    const scaled = value / factor;
    if (scaled * factor === value) return scaled;
    throw new Misfit(value, `in ${UNIT_NAMES[from]} it is finer than ${UNIT_NAMES[to]}`, "round it before");
  };
}
