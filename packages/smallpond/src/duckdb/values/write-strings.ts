/**
 * Strings and blobs into a DuckDB vector with one call for all of them.
 *
 * The bytes of all rows are assigned to row 0 as if they were one string, which puts them into the vector's own heap;
 * then every row gets a 16-byte header that points into that block. DuckDB does not check those headers again, so this
 * file does: offsets are in order and in bounds, text is UTF-8, and no string starts inside a character. (For invalid
 * UTF-8 the bindings store NULL without a word, and row 0 would hold no pointer at all.)
 */
import { isUtf8 } from "node:buffer";
import bindings, { type Vector } from "@duckdb/node-bindings";
import { isValid } from "./bitmap.ts";
import type { BytesData } from "./column-data.ts";
import { Misfit } from "./errors.ts";

const INLINE_MAX = 12;
const HEADER_BYTES = 16;

/** Which rows of the source to write, and which of those are not null. */
export interface StringRows {
  readonly start: number;
  readonly count: number;
  /** Bit 0 is row `start`. */
  readonly validity: Uint8Array | null;
  /** Whether the bytes must be UTF-8. */
  readonly text: boolean;
}

/** Writes rows [start, start + count) of `source` to rows [0, count) of the vector. */
export function writeStrings(vector: Vector, source: BytesData, rows: StringRows): void {
  const { start, count, text } = rows;
  if (count === 0) return;
  checkOffsets(source, start, count);
  const base = source.offsets[start]!;
  const block = source.bytes.subarray(base, source.offsets[start + count]);
  // Bytes under null rows may be anything, so a bad block is looked at again row by row.
  if (text && !isUtf8(block)) writeOneByOne(vector, source, rows);
  else writeBlock(vector, source, block, rows);
}

function writeBlock(vector: Vector, source: BytesData, block: Uint8Array, rows: StringRows): void {
  const { start, count, text } = rows;
  const base = source.offsets[start]!;
  const headers = new Uint8Array(count * HEADER_BYTES);
  const words = new Uint32Array(headers.buffer);
  const [low, high] = longest(source, rows) > INLINE_MAX ? storeBlock(vector, block) : [0, 0];
  for (let row = 0; row < count; row++) {
    if (!isValid(rows.validity, row)) continue;
    const from = source.offsets[start + row]! - base;
    const length = source.offsets[start + row + 1]! - base - from;
    if (text && length > 0 && (block[from]! & 0xc0) === 0x80)
      throw new Misfit("a string", "it starts inside a character");
    words[row * 4] = length;
    const inPlace = length <= INLINE_MAX ? length : 4;
    for (let index = 0; index < inPlace; index++)
      headers[row * HEADER_BYTES + 4 + index] = block[from + index]!;
    if (length <= INLINE_MAX) continue;
    const sum = low + from;
    words[row * 4 + 2] = sum;
    words[row * 4 + 3] = sum >= 2 ** 32 ? high + 1 : high;
  }
  bindings.copy_data_to_vector(vector, 0, headers.buffer, 0, headers.byteLength);
}

/** Puts the block into the vector's heap and answers the low and high half of its address. */
function storeBlock(vector: Vector, block: Uint8Array): [number, number] {
  bindings.vector_assign_string_element_len(vector, 0, block);
  const header = bindings.vector_get_data(vector, HEADER_BYTES);
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
  if (view.getUint32(0, true) !== block.length)
    throw new RangeError("DuckDB did not take the strings of a batch");
  return [view.getUint32(8, true), view.getUint32(12, true)];
}

function writeOneByOne(vector: Vector, source: BytesData, rows: StringRows): void {
  for (let row = 0; row < rows.count; row++) {
    if (!isValid(rows.validity, row)) continue;
    const from = rows.start + row;
    const bytes = source.bytes.subarray(source.offsets[from], source.offsets[from + 1]);
    if (!isUtf8(bytes)) throw new Misfit(bytes, "its bytes are not UTF-8", "load the column as BLOB");
    bindings.vector_assign_string_element_len(vector, row, bytes);
  }
}

function checkOffsets({ offsets, bytes }: BytesData, start: number, count: number): void {
  let previous = offsets[start] ?? -1;
  let ordered = previous >= 0;
  for (let row = start + 1; row <= start + count; row++) {
    const next = offsets[row]!;
    ordered = ordered && next >= previous;
    previous = next;
  }
  if (!ordered || previous > bytes.length) throw new Misfit("a string", "its offsets are damaged");
}

function longest({ offsets }: BytesData, { start, count }: StringRows): number {
  let most = 0;
  for (let row = start; row < start + count; row++) most = Math.max(most, offsets[row + 1]! - offsets[row]!);
  return most;
}
