/** Typed views of a fixed-width column's buffer, which starts at the beginning of its ArrayBuffer. */
import { assert } from "@smallpond/base";
import type { ColumnData } from "./column-data.ts";

export function int16s(column: ColumnData): Int16Array {
  return new Int16Array(bufferOf(column));
}

export function uint16s(column: ColumnData): Uint16Array {
  return new Uint16Array(bufferOf(column));
}

export function int32s(column: ColumnData): Int32Array {
  return new Int32Array(bufferOf(column));
}

export function uint32s(column: ColumnData): Uint32Array {
  return new Uint32Array(bufferOf(column));
}

export function int64s(column: ColumnData): BigInt64Array {
  return new BigInt64Array(bufferOf(column));
}

export function uint64s(column: ColumnData): BigUint64Array {
  return new BigUint64Array(bufferOf(column));
}

/** Signed 128-bit integers, low half first. */
export function int128s(column: ColumnData): bigint[] {
  return wide(column, new BigInt64Array(bufferOf(column)));
}

/** Unsigned 128-bit integers, low half first. */
export function uint128s(column: ColumnData): bigint[] {
  return wide(column, new BigUint64Array(bufferOf(column)));
}

/** Writes a 128-bit integer's two halves. */
export function setInt128(words: BigUint64Array, row: number, value: bigint): void {
  words[row * 2] = BigInt.asUintN(64, value);
  words[row * 2 + 1] = BigInt.asUintN(64, value >> 64n);
}

function wide(column: ColumnData, high: BigInt64Array | BigUint64Array): bigint[] {
  const low = new BigUint64Array(bufferOf(column));
  return Array.from({ length: column.length }, (_, row) => (high[row * 2 + 1]! << 64n) | low[row * 2]!);
}

function bufferOf(column: ColumnData): ArrayBuffer {
  assert(column.kind === "fixed", "the column holds values of fixed width");
  assert(column.data.byteOffset === 0, "the column's buffer starts where its ArrayBuffer does");
  return column.data.buffer as ArrayBuffer;
}
