/** Plain buffers into DuckDB vectors, whole vectors at a time. */
import type { DuckDBDataChunk, DuckDBType } from "@duckdb/node-api";
import bindings, { type Vector } from "@duckdb/node-bindings";
import { assert } from "@smallpond/base";
import { andBitmaps, isValid, repeatBits, sliceBitmap } from "./bitmap.ts";
import type { ColumnData, ListData } from "./column-data.ts";
import { type Physical, physicalOf } from "./physical.ts";
import { writeStrings } from "./write-strings.ts";

/** Rows [start, start + count) of a column. */
export interface RowRange {
  readonly start: number;
  readonly count: number;
}

/**
 * Writes a range of the column's rows to rows [0, count) of a chunk's column. The chunk is new or has been reset.
 * DuckDB reads a field of a struct without asking whether the struct is null, so nulls are pushed down into fields.
 */
export function writeColumn(
  chunk: DuckDBDataChunk,
  index: number,
  type: DuckDBType,
  column: ColumnData,
  range: RowRange,
): void {
  writeVector(bindings.data_chunk_get_vector(chunk.chunk, index), type, column, range, null);
}

/** Writes all rows of the column to a vector that is new. */
export function writeWhole(vector: Vector, type: DuckDBType, column: ColumnData): void {
  writeVector(vector, type, column, { start: 0, count: column.length }, null);
}

function writeVector(
  vector: Vector,
  type: DuckDBType,
  column: ColumnData,
  range: RowRange,
  parent: Uint8Array | null,
): void {
  const { start, count } = range;
  if (count === 0) return;
  assert(start + count <= column.length, "the range lies within the column");
  const physical: Physical = physicalOf(type);
  const validity = andBitmaps(sliceBitmap(column.validity, start, count), parent);
  if (validity !== null) writeValidity(vector, validity);
  if (physical.kind === "fixed" && column.kind === "fixed") {
    assert(
      physical.width === column.width,
      `values of ${type} take ${physical.width} bytes, not ${column.width}`,
    );
    copyFixed(vector, column.data.subarray(start * column.width, (start + count) * column.width));
  } else if (physical.kind === "bytes" && column.kind === "bytes") {
    writeStrings(vector, column, { start, count, validity, text: physical.text });
  } else if (physical.kind === "list" && column.kind === "list") {
    writeList(vector, physical.child, column, range, validity);
  } else if (physical.kind === "array" && column.kind === "array") {
    const { child, size } = physical;
    assert(size === column.size, `arrays of ${type} have ${size} items, not ${column.size}`);
    const items = { start: start * size, count: count * size };
    const below = repeatBits(validity, count, size);
    writeVector(bindings.array_vector_get_child(vector), child, column.child, items, below);
  } else {
    assert(
      physical.kind === "struct" && column.kind === "struct",
      `${column.kind} data does not make ${type}`,
    );
    physical.children.forEach((child, field) => {
      const target = bindings.struct_vector_get_child(vector, field);
      writeVector(target, child, column.children[field]!, range, validity);
    });
  }
}

function writeList(
  vector: Vector,
  childType: DuckDBType,
  list: ListData,
  { start, count }: RowRange,
  validity: Uint8Array | null,
): void {
  const entries = new Uint32Array(count * 4);
  const base = list.offsets[start]!;
  for (let row = 0; row < count; row++) {
    if (!isValid(validity, row)) continue;
    const from = list.offsets[start + row]!;
    const to = list.offsets[start + row + 1]!;
    assert(
      from >= base && to >= from && to <= list.child.length,
      "the offsets of a list column are in order",
    );
    entries[row * 4] = from - base;
    entries[row * 4 + 2] = to - from;
  }
  const total = list.offsets[start + count]! - base;
  bindings.list_vector_reserve(vector, total);
  bindings.list_vector_set_size(vector, total);
  // Reserving may move the child, so it is asked for afterwards.
  const child = bindings.list_vector_get_child(vector);
  writeVector(child, childType, list.child, { start: base, count: total }, null);
  bindings.copy_data_to_vector(vector, 0, entries.buffer, 0, entries.byteLength);
}

/** Bitmaps made by `newBitmap` have whole 64-bit words, as DuckDB's do. */
function writeValidity(vector: Vector, validity: Uint8Array): void {
  bindings.vector_ensure_validity_writable(vector);
  const { buffer, byteOffset, byteLength } = validity;
  bindings.copy_data_to_vector_validity(vector, 0, buffer as ArrayBuffer, byteOffset, byteLength);
}

function copyFixed(vector: Vector, bytes: Uint8Array): void {
  bindings.copy_data_to_vector(vector, 0, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
