/**
 * Strings and blobs out of DuckDB's 16-byte string headers.
 *
 * A header is a length and either up to 12 bytes in place, or a 4-byte prefix and a pointer. Asking the bindings for
 * the bytes behind each pointer costs a call per string; strings of one chunk, however, lie almost next to each other
 * in memory, so neighbours are fetched with one call per run. A run goes over gaps of less than {@link GAP_MAX} bytes:
 * a gap smaller than a page cannot contain an unmapped page, because both its ends are on mapped ones.
 */
import bindings from "@duckdb/node-bindings";
import { isValid } from "./bitmap.ts";
import type { BytesData } from "./column-data.ts";
import { valueError } from "./errors.ts";

const GAP_MAX = 1024;
const INLINE_MAX = 12;
const HEADER_BYTES = 16;
const OFFSET_MAX = 2 ** 31 - 1;
/** Shorter strings are copied by a loop: setting up a bulk copy costs more. */
const LOOP_COPY_MAX = 24;

/** The strings of `length` headers. The pointers in `headers` must still be valid. */
export function readStrings(
  headers: Uint8Array,
  length: number,
  validity: Uint8Array | null,
): Pick<BytesData, "offsets" | "bytes"> {
  const words = new Uint32Array(headers.buffer, headers.byteOffset, length * 4);
  const offsets = new Int32Array(length + 1);
  let total = 0;
  for (let row = 0; row < length; row++) {
    if (isValid(validity, row)) total += words[row * 4]!;
    offsets[row + 1] = total;
  }
  if (total > OFFSET_MAX) {
    const hint = "shorten the values in the query, or read fewer columns of them at once";
    throw valueError(
      "TOO_LARGE",
      `one chunk of ${length} strings takes ${total} bytes, over 2 GiB`,
      {},
      hint,
    );
  }
  const bytes = new Uint8Array(total);
  let row = 0;
  while (row < length) {
    const count = offsets[row + 1]! - offsets[row]!;
    if (count > INLINE_MAX) row = copyRun(headers, words, offsets, bytes, row);
    else copyShort(bytes, offsets[row]!, headers, row++ * HEADER_BYTES + 4, count);
  }
  return { offsets, bytes };
}

/** Copies the strings from `first` on that one read can reach, and answers the row after them. */
function copyRun(
  headers: Uint8Array,
  words: Uint32Array,
  offsets: Int32Array,
  target: Uint8Array,
  first: number,
): number {
  const start = pointerOf(words, first);
  let end = start + lengthOf(offsets, first);
  let after = first + 1;
  for (; after + 1 < offsets.length; after++) {
    const count = lengthOf(offsets, after);
    if (count <= INLINE_MAX) continue;
    const pointer = pointerOf(words, after);
    // Only forward, or inside what is read anyway (equal strings of a dictionary share their bytes).
    if (pointer < start || pointer - end >= GAP_MAX) break;
    end = Math.max(end, pointer + count);
  }
  const pointerAt = headers.byteOffset + first * HEADER_BYTES + 8;
  const run = bindings.get_data_from_pointer(headers.buffer as ArrayBuffer, pointerAt, end - start);
  let row = first;
  while (row < after) {
    const count = lengthOf(offsets, row);
    if (count <= INLINE_MAX) {
      copyShort(target, offsets[row]!, headers, row * HEADER_BYTES + 4, count);
      row++;
      continue;
    }
    const from = pointerOf(words, row) - start;
    let next = row + 1;
    let bytes = count;
    while (
      next < after &&
      lengthOf(offsets, next) > INLINE_MAX &&
      pointerOf(words, next) - start === from + bytes
    ) {
      bytes += lengthOf(offsets, next++);
    }
    if (bytes <= LOOP_COPY_MAX) copyShort(target, offsets[row]!, run, from, bytes);
    else target.set(run.subarray(from, from + bytes), offsets[row]!);
    row = next;
  }
  return after;
}

function copyShort(target: Uint8Array, at: number, source: Uint8Array, from: number, count: number): void {
  for (let index = 0; index < count; index++) target[at + index] = source[from + index]!;
}

function lengthOf(offsets: Int32Array, row: number): number {
  return offsets[row + 1]! - offsets[row]!;
}

/** Addresses use at most 57 bits, in practice 47, and user space stays below 2^53. */
function pointerOf(words: Uint32Array, row: number): number {
  return words[row * 4 + 2]! + words[row * 4 + 3]! * 2 ** 32;
}
