/** Readers of fixed-width values. */
import type { DuckDBDecimalType } from "@duckdb/node-api";
import type { Data } from "apache-arrow";
import { isValid } from "../duckdb/values/bitmap.ts";
import type { FixedData } from "../duckdb/values/column-data.ts";
import { Misfit } from "../duckdb/values/errors.ts";
import { setInt128 } from "../duckdb/values/fixed-views.ts";
import { uuidsAsStored } from "../duckdb/values/uuid.ts";
import { damaged, rowsOf, valueBytes, valuesAs } from "./arrow-buffers.ts";
import type { Reader } from "./readers.ts";

/** Values that both sides store alike. */
export function readRaw(width: number): Reader {
  return (data, start, count): FixedData => {
    return {
      kind: "fixed",
      ...rowsOf(data, start, count),
      width,
      data: valueBytes(data, width, start, count),
    };
  };
}

export function readBooleans(data: Data, start: number, count: number): FixedData {
  const from = data.offset + start;
  const bits = data.values as Uint8Array;
  if (count > 0 && bits.length * 8 < from + count) throw damaged();
  const values = new Uint8Array(count);
  for (let row = 0; row < count; row++) values[row] = (bits[(from + row) >> 3]! >> ((from + row) & 7)) & 1;
  return { kind: "fixed", ...rowsOf(data, start, count), width: 1, data: values };
}

export function readHalfFloats(data: Data, start: number, count: number): FixedData {
  const halves = valuesAs(Uint16Array, valueBytes(data, 2, start, count));
  const values = Float32Array.from(halves, floatOfHalf);
  return { kind: "fixed", ...rowsOf(data, start, count), width: 4, data: new Uint8Array(values.buffer) };
}

export function readUuids(data: Data, start: number, count: number): FixedData {
  const values = uuidsAsStored(valueBytes(data, 16, start, count), count);
  return { kind: "fixed", ...rowsOf(data, start, count), width: 16, data: values };
}

/** Arrow's decimals have one width, DuckDB's are as narrow as their precision allows. */
export function readDecimals(bitWidth: number, type: DuckDBDecimalType): Reader {
  const width = type.width <= 4 ? 2 : type.width <= 9 ? 4 : type.width <= 18 ? 8 : 16;
  const bound = 10n ** BigInt(type.width);
  const bytesEach = bitWidth / 8;
  return (data, start, count): FixedData => {
    const rows = rowsOf(data, start, count);
    const words = valuesAs(Int32Array, valueBytes(data, bytesEach, start, count));
    const values = new Uint8Array(count * width);
    const target = wordsOf(values, width);
    for (let row = 0; row < count; row++) {
      if (!isValid(rows.validity, row)) continue;
      const value = bigintOf(words, row, bitWidth / 32);
      if (value >= bound || value <= -bound) throw new Misfit(value, `it has more than ${type.width} digits`);
      if (target instanceof BigUint64Array) setInt128(target, row, value);
      else if (target instanceof BigInt64Array) target[row] = value;
      else target[row] = Number(value);
    }
    return { kind: "fixed", ...rows, width, data: values };
  };
}

type Words = Int16Array | Int32Array | BigInt64Array | BigUint64Array;

function wordsOf(bytes: Uint8Array<ArrayBuffer>, width: number): Words {
  if (width === 2) return new Int16Array(bytes.buffer);
  if (width === 4) return new Int32Array(bytes.buffer);
  return width === 8 ? new BigInt64Array(bytes.buffer) : new BigUint64Array(bytes.buffer);
}

/** Small values, which are most, take no arithmetic on bigints. */
function bigintOf(words: Int32Array, row: number, count: number): bigint {
  const at = row * count;
  let last = count - 1;
  while (last > 0 && words[at + last] === words[at + last - 1]! >> 31) last--;
  let value = BigInt(words[at + last]!);
  for (let index = last - 1; index >= 0; index--) value = (value << 32n) | BigInt(words[at + index]! >>> 0);
  return value;
}

/** IEEE 754 half precision. */
function floatOfHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
