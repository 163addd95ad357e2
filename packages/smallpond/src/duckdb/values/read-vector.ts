/** DuckDB vectors into plain buffers, whole vectors at a time. */
import type { DuckDBDataChunk, DuckDBType } from "@duckdb/node-api";
import bindings, { type Vector } from "@duckdb/node-bindings";
import { isValid } from "./bitmap.ts";
import { type ColumnData, type ListData, takeRows } from "./column-data.ts";
import { physicalOf } from "./physical.ts";
import { readStrings } from "./read-strings.ts";

/** One column of a chunk. The result owns its buffers and stays valid when the chunk goes. */
export function readColumn(chunk: DuckDBDataChunk, index: number, type: DuckDBType): ColumnData {
  const column = readVector(bindings.data_chunk_get_vector(chunk.chunk, index), type, chunk.rowCount);
  // The vector's memory belongs to the chunk, which must not be collected before the reading is done.
  keepAlive(chunk);
  return column;
}

function readVector(vector: Vector, type: DuckDBType, length: number): ColumnData {
  const physical = physicalOf(type);
  const validity = length === 0 ? null : readValidity(vector, length);
  const common = { length, validity };
  switch (physical.kind) {
    case "fixed": {
      const data = readBytes(vector, length * physical.width);
      return { ...common, kind: "fixed", width: physical.width, data };
    }
    case "bytes":
      return { ...common, kind: "bytes", ...readStrings(readBytes(vector, length * 16), length, validity) };
    case "list":
      return readList(vector, physical.child, length, validity);
    case "array": {
      const child = readVector(
        bindings.array_vector_get_child(vector),
        physical.child,
        length * physical.size,
      );
      return { ...common, kind: "array", size: physical.size, child };
    }
    case "struct": {
      const children = physical.children.map((childType, index) =>
        readVector(bindings.struct_vector_get_child(vector, index), childType, length),
      );
      return { ...common, kind: "struct", children };
    }
  }
}

/** Lists come as (offset, length) pairs that may overlap, leave gaps or jump back; the result is in order. */
function readList(
  vector: Vector,
  childType: DuckDBType,
  length: number,
  validity: Uint8Array | null,
): ListData {
  const entries = new Uint32Array(readBytes(vector, length * 16).buffer);
  const offsets = new Int32Array(length + 1);
  let inOrder = true;
  for (let row = 0, end = 0; row < length; row++) {
    const count = isValid(validity, row) ? entries[row * 4 + 2]! : 0;
    if (count > 0 && entries[row * 4] !== end) inOrder = false;
    end += count;
    offsets[row + 1] = end;
  }
  const childVector = bindings.list_vector_get_child(vector);
  const total = offsets[length]!;
  if (inOrder) {
    return { kind: "list", length, validity, offsets, child: readVector(childVector, childType, total) };
  }
  const items = new Int32Array(total);
  for (let row = 0; row < length; row++) {
    const start = entries[row * 4]! - offsets[row]!;
    for (let item = offsets[row]!; item < offsets[row + 1]!; item++) items[item] = start + item;
  }
  const stored = readVector(childVector, childType, bindings.list_vector_get_size(vector));
  return { kind: "list", length, validity, offsets, child: takeRows(stored, items) };
}

function readValidity(vector: Vector, length: number): Uint8Array | null {
  // The bindings' types leave out that a vector without nulls has no bitmap.
  return bindings.vector_get_validity(vector, Math.ceil(length / 64) * 8) as Uint8Array | null;
}

function readBytes(vector: Vector, byteCount: number): Uint8Array {
  if (byteCount === 0) return new Uint8Array(0);
  const bytes = bindings.vector_get_data(vector, byteCount);
  // Typed arrays of wider elements are laid over the buffer from its start.
  return bytes.byteOffset === 0 && bytes.buffer.byteLength === byteCount ? bytes : bytes.slice();
}

/** Uses the chunk, so that the engine cannot have collected it earlier. */
function keepAlive(chunk: DuckDBDataChunk): void {
  if (chunk.columnCount < 0) throw new RangeError("unreachable");
}
