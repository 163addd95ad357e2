/** Readers of strings and blobs, in all the ways that Arrow stores them. */
import { BIGNUM, type DuckDBType, VARCHAR } from "@duckdb/node-api";
import { type Data, Type } from "apache-arrow";
import { isValid } from "../duckdb/values/bitmap.ts";
import type { BytesData, ColumnData } from "../duckdb/values/column-data.ts";
import { decodeColumn } from "../duckdb/values/decode.ts";
import { encodeColumn } from "../duckdb/values/encode.ts";
import { Misfit } from "../duckdb/values/errors.ts";
import { wkbProblem } from "../duckdb/values/wkb.ts";
import { damaged, offsetsOf, rowsOf, valueBytes } from "./arrow-buffers.ts";
import type { Reader } from "./readers.ts";

/** Utf8 and Binary with small and large offsets, and their views. */
export function readBinary(data: Data, start: number, count: number): BytesData {
  if (data.type.typeId === Type.Utf8View || data.type.typeId === Type.BinaryView)
    return readViews(data, start, count);
  const values = data.values as Uint8Array;
  const { offsets, base } = offsetsOf(data, start, count, values?.length ?? 0);
  const bytes = offsets[count] === 0 ? new Uint8Array(0) : values.subarray(base, base + offsets[count]!);
  return { kind: "bytes", ...rowsOf(data, start, count), offsets, bytes };
}

export function readFixedBinary(width: number): Reader {
  return (data, start, count): BytesData => {
    const offsets = Int32Array.from({ length: count + 1 }, (_, row) => row * width);
    const bytes = valueBytes(data, width, start, count);
    return { kind: "bytes", ...rowsOf(data, start, count), offsets, bytes };
  };
}

/** Well-known binary, which DuckDB takes as it is and so has to be right. */
export function readGeometry(data: Data, start: number, count: number): BytesData {
  const column = readBinary(data, start, count);
  for (let row = 0; row < count; row++) {
    if (!isValid(column.validity, row)) continue;
    const bytes = column.bytes.subarray(column.offsets[row], column.offsets[row + 1]);
    const problem = wkbProblem(bytes);
    if (problem !== undefined) throw new Misfit(bytes, `it is not well-known binary: ${problem}`);
  }
  return column;
}

/** Types whose values travel as their text. */
export function readTexts(type: DuckDBType): Reader {
  return (data, start, count): ColumnData => {
    const texts = decodeColumn(readBinary(data, start, count), VARCHAR);
    return encodeColumn(type.typeId === BIGNUM.typeId ? texts.map(bignum) : texts, type);
  };
}

function bignum(text: unknown): bigint | null {
  if (text === null) return null;
  if (typeof text !== "string" || !/^-?\d+$/.test(text)) throw new Misfit(text, "it is not an integer");
  return BigInt(text);
}

/** A view is a length and either up to 12 bytes in place, or a 4-byte prefix, the number of a buffer and a position. */
function readViews(data: Data, start: number, count: number): BytesData {
  const rows = rowsOf(data, start, count);
  const views = valueBytes(data, 16, start, count);
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
  const pieces: Uint8Array[] = [];
  const offsets = new Int32Array(count + 1);
  for (let row = 0; row < count; row++) {
    const length = isValid(rows.validity, row) ? view.getInt32(row * 16, true) : 0;
    offsets[row + 1] = offsets[row]! + length;
    if (length > 0) pieces.push(viewed(data, views, view, row * 16, length));
    else if (length < 0) throw damaged();
  }
  return { kind: "bytes", ...rows, offsets, bytes: Buffer.concat(pieces) };
}

function viewed(data: Data, views: Uint8Array, view: DataView, at: number, length: number): Uint8Array {
  if (length <= 12) return views.subarray(at + 4, at + 4 + length);
  const buffer = data.variadicBuffers[view.getInt32(at + 8, true)];
  const from = view.getInt32(at + 12, true);
  if (buffer === undefined || from < 0 || from + length > buffer.length) throw damaged();
  return buffer.subarray(from, from + length);
}
