/**
 * A column's values in plain buffers: the form every conversion goes through.
 *
 * It is Arrow's layout (offsets and bytes for strings, offsets and a child for lists) around DuckDB's own fixed-width
 * values. Nothing here points into DuckDB's memory. Buffers may be larger than the rows need, and what is under a null
 * row is meaningless.
 */
import { copyBits, isValid, newBitmap, setNull } from "./bitmap.ts";

interface Common {
  readonly length: number;
  /** Null when no row is null. */
  readonly validity: Uint8Array | null;
}

export interface FixedData extends Common {
  readonly kind: "fixed";
  /** Bytes per value. */
  readonly width: number;
  readonly data: Uint8Array;
}

export interface BytesData extends Common {
  readonly kind: "bytes";
  /** Value `i` is bytes [offsets[i], offsets[i + 1]). */
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

export interface ListData extends Common {
  readonly kind: "list";
  /** List `i` is the child's rows [offsets[i], offsets[i + 1]). */
  readonly offsets: Int32Array;
  readonly child: ColumnData;
}

export interface ArrayData extends Common {
  readonly kind: "array";
  /** Items per row. */
  readonly size: number;
  readonly child: ColumnData;
}

export interface StructData extends Common {
  readonly kind: "struct";
  readonly children: readonly ColumnData[];
}

export type ColumnData = FixedData | BytesData | ListData | ArrayData | StructData;

/** What its buffers take. */
export function columnBytes(column: ColumnData): number {
  const validity = column.validity?.byteLength ?? 0;
  switch (column.kind) {
    case "fixed":
      return validity + column.data.byteLength;
    case "bytes":
      return validity + column.offsets.byteLength + column.bytes.byteLength;
    case "list":
      return validity + column.offsets.byteLength + columnBytes(column.child);
    case "array":
      return validity + columnBytes(column.child);
    case "struct":
      return column.children.reduce((sum, child) => sum + columnBytes(child), validity);
  }
}

/** The pieces one after the other; at least one, all of one type. */
export function concatColumns(pieces: readonly ColumnData[]): ColumnData {
  const first = pieces[0]!;
  if (pieces.length === 1) return first;
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const common = { length, validity: concatValidity(pieces, length) };
  switch (first.kind) {
    case "fixed": {
      const data = concatFixed(pieces as readonly FixedData[], length);
      return { ...common, kind: "fixed", width: first.width, data };
    }
    case "bytes":
      return { ...common, kind: "bytes", ...concatBytesData(pieces as readonly BytesData[], length) };
    case "list": {
      const lists = pieces as readonly ListData[];
      const offsets = concatOffsets(lists, length);
      return { ...common, kind: "list", offsets, child: concatColumns(lists.map(usedChild)) };
    }
    case "array": {
      const child = concatColumns((pieces as readonly ArrayData[]).map((piece) => piece.child));
      return { ...common, kind: "array", size: first.size, child };
    }
    case "struct": {
      const structs = pieces as readonly StructData[];
      const children = first.children.map((_, index) =>
        concatColumns(structs.map((piece) => piece.children[index]!)),
      );
      return { ...common, kind: "struct", children };
    }
  }
}

/** The rows at `indices`, in that order; a negative index makes a null row. Buffers are new. */
export function takeRows(column: ColumnData, indices: Int32Array): ColumnData {
  const common = { length: indices.length, validity: takeValidity(column, indices) };
  switch (column.kind) {
    case "fixed": {
      const { width, data } = column;
      const taken = new Uint8Array(indices.length * width);
      takeFixed(taken, data, indices, width);
      return { ...common, kind: "fixed", width, data: taken };
    }
    case "bytes": {
      const offsets = takenOffsets(column.offsets, indices);
      const bytes = new Uint8Array(offsets[indices.length]!);
      indices.forEach((from, to) => {
        if (from >= 0)
          bytes.set(column.bytes.subarray(column.offsets[from], column.offsets[from + 1]), offsets[to]);
      });
      return { ...common, kind: "bytes", offsets, bytes };
    }
    case "list": {
      const offsets = takenOffsets(column.offsets, indices);
      const items = new Int32Array(offsets[indices.length]!);
      indices.forEach((from, to) => {
        const shift = from < 0 ? 0 : column.offsets[from]! - offsets[to]!;
        for (let item = offsets[to]!; item < offsets[to + 1]!; item++) items[item] = item + shift;
      });
      return { ...common, kind: "list", offsets, child: takeRows(column.child, items) };
    }
    case "array": {
      const { size, child } = column;
      const items = Int32Array.from({ length: indices.length * size }, (_, item) => {
        const from = indices[Math.floor(item / size)]!;
        return from < 0 ? -1 : from * size + (item % size);
      });
      return { ...common, kind: "array", size, child: takeRows(child, items) };
    }
    case "struct":
      return {
        ...common,
        kind: "struct",
        children: column.children.map((child) => takeRows(child, indices)),
      };
  }
}

/** Copies words of four bytes where values consist of them, which nearly all do. */
function takeFixed(target: Uint8Array, source: Uint8Array, indices: Int32Array, width: number): void {
  if (width % 4 === 0 && source.byteOffset % 4 === 0) {
    const from = new Uint32Array(source.buffer, source.byteOffset, source.byteLength >> 2);
    const to = new Uint32Array(target.buffer, target.byteOffset, target.byteLength >> 2);
    copyUnits(to, from, indices, width / 4);
  } else copyUnits(target, source, indices, width);
}

function copyUnits<T extends Uint8Array | Uint32Array>(
  target: T,
  source: T,
  indices: Int32Array,
  units: number,
): void {
  for (let row = 0; row < indices.length; row++) {
    const from = indices[row]!;
    for (let unit = 0; from >= 0 && unit < units; unit++)
      target[row * units + unit] = source[from * units + unit]!;
  }
}

/** The rows [start, start + count); buffers are new. */
export function sliceRows(column: ColumnData, start: number, count: number): ColumnData {
  return takeRows(
    column,
    Int32Array.from({ length: count }, (_, row) => start + row),
  );
}

function concatValidity(pieces: readonly ColumnData[], length: number): Uint8Array | null {
  if (pieces.every((piece) => piece.validity === null)) return null;
  const validity = newBitmap(length);
  let at = 0;
  for (const piece of pieces) {
    if (piece.validity !== null) copyBits(validity, at, piece.validity, 0, piece.length);
    at += piece.length;
  }
  return validity;
}

function concatFixed(pieces: readonly FixedData[], length: number): Uint8Array {
  const width = pieces[0]!.width;
  const data = new Uint8Array(length * width);
  let at = 0;
  for (const piece of pieces) {
    data.set(piece.data.subarray(0, piece.length * width), at);
    at += piece.length * width;
  }
  return data;
}

function concatBytesData(
  pieces: readonly BytesData[],
  length: number,
): { offsets: Int32Array<ArrayBuffer>; bytes: Uint8Array<ArrayBuffer> } {
  const offsets = concatOffsets(pieces, length);
  const bytes = new Uint8Array(offsets[length]!);
  let at = 0;
  for (const piece of pieces) {
    const used = piece.bytes.subarray(piece.offsets[0], piece.offsets[piece.length]);
    bytes.set(used, at);
    at += used.length;
  }
  return { offsets, bytes };
}

function concatOffsets(pieces: readonly (BytesData | ListData)[], length: number): Int32Array<ArrayBuffer> {
  const offsets = new Int32Array(length + 1);
  let at = 0;
  let base = 0;
  for (const piece of pieces) {
    const shift = base - piece.offsets[0]!;
    for (let row = 1; row <= piece.length; row++) offsets[at + row] = piece.offsets[row]! + shift;
    at += piece.length;
    base += piece.offsets[piece.length]! - piece.offsets[0]!;
  }
  return offsets;
}

/** The part of a list's child that its rows refer to. */
function usedChild(list: ListData): ColumnData {
  const start = list.offsets[0]!;
  const count = list.offsets[list.length]! - start;
  if (start === 0 && list.child.length === count) return list.child;
  return takeRows(
    list.child,
    Int32Array.from({ length: count }, (_, index) => start + index),
  );
}

function takeValidity(column: ColumnData, indices: Int32Array): Uint8Array | null {
  if (column.validity === null && indices.every((from) => from >= 0)) return null;
  const validity = newBitmap(indices.length);
  indices.forEach((from, to) => {
    if (from < 0 || !isValid(column.validity, from)) setNull(validity, to);
  });
  return validity;
}

/** The offsets when only some of the spans are kept. */
function takenOffsets(offsets: Int32Array, indices: Int32Array): Int32Array<ArrayBuffer> {
  const taken = new Int32Array(indices.length + 1);
  indices.forEach((from, to) => {
    taken[to + 1] = taken[to]! + (from < 0 ? 0 : offsets[from + 1]! - offsets[from]!);
  });
  return taken;
}
