/** Ranges of Arrow's buffers, checked for length: data may come from a damaged file. */
import type { Data } from "apache-arrow";
import { sliceBitmap } from "../duckdb/values/bitmap.ts";
import { Misfit } from "../duckdb/values/errors.ts";

/** What every column of buffers begins with. */
export interface Rows {
  readonly length: number;
  readonly validity: Uint8Array | null;
}

/** Length and validity of rows [start, start + count). */
export function rowsOf(data: Data, start: number, count: number): Rows {
  const bitmap = data.nullBitmap;
  const present = data.nullCount > 0 && bitmap !== undefined && bitmap.length > 0;
  return { length: count, validity: present ? sliceBitmap(bitmap, data.offset + start, count) : null };
}

/** The bytes of fixed-width values; a view where possible. */
export function valueBytes(data: Data, width: number, start: number, count: number): Uint8Array {
  return viewOf(data.values, start * width, count * width);
}

/** Values as elements of a wider typed array, copied when the buffer is not aligned for it. */
export function valuesAs<T>(
  make: {
    new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
    readonly BYTES_PER_ELEMENT: number;
  },
  bytes: Uint8Array,
): T {
  const aligned = bytes.byteOffset % make.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  const length = Math.floor(aligned.byteLength / make.BYTES_PER_ELEMENT);
  return new make(aligned.buffer as ArrayBuffer, aligned.byteOffset, length);
}

/** Offsets of rows [start, start + count], less the first of them, and the first. */
export function offsetsOf(
  data: Data,
  start: number,
  count: number,
  end: number,
): { readonly offsets: Int32Array; readonly base: number } {
  const offsets = new Int32Array(count + 1);
  if (count === 0) return { offsets, base: 0 };
  const stored = data.valueOffsets as Int32Array | BigInt64Array | undefined;
  if (stored === undefined || stored.length < start + count + 1) throw damaged();
  const base = Number(stored[start]);
  let previous = base;
  for (let row = 1; row <= count; row++) {
    const next = Number(stored[start + row]);
    if (!(next >= previous)) throw damaged();
    offsets[row] = next - base;
    previous = next;
  }
  if (base < 0 || previous > end) throw damaged();
  if (previous - base >= 2 ** 31) throw new Misfit(start, "2048 rows of it have more than 2 GiB");
  return { offsets, base };
}

export function damaged(): Misfit {
  return new Misfit(
    "the Arrow data",
    "its buffers are shorter than its rows, or its offsets are out of order",
  );
}

function viewOf(values: ArrayBufferView | undefined, from: number, byteCount: number): Uint8Array {
  if (byteCount === 0) return new Uint8Array(0);
  if (values === undefined || values.byteLength < from + byteCount) throw damaged();
  const view = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset + from, byteCount);
  // DuckDB's bindings take no shared memory.
  return values.buffer instanceof SharedArrayBuffer ? view.slice() : view;
}
