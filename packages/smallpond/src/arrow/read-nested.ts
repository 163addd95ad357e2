/** Readers of lists, structs and maps, and of data that is all null. */
import type { DuckDBType } from "@duckdb/node-api";
import type { Data } from "apache-arrow";
import { countNulls } from "../duckdb/values/bitmap.ts";
import type { ColumnData, ListData, StructData } from "../duckdb/values/column-data.ts";
import { encodeColumn } from "../duckdb/values/encode.ts";
import { Misfit } from "../duckdb/values/errors.ts";
import { damaged, offsetsOf, rowsOf } from "./arrow-buffers.ts";
import type { Reader } from "./readers.ts";

/** Nulls of any type. */
export function readNulls(type: DuckDBType): Reader {
  return (data, start, count) => {
    if (start + count > data.length) throw damaged();
    return encodeColumn(new Array<null>(count).fill(null), type);
  };
}

export function readList(item: Reader): Reader {
  return (data, start, count): ListData => {
    const child = childOf(data, 0);
    const { offsets, base } = offsetsOf(data, start, count, child.length);
    return {
      kind: "list",
      ...rowsOf(data, start, count),
      offsets,
      child: item(child, base, offsets[count]!),
    };
  };
}

/** As an ARRAY, or as a LIST when the length is none that an ARRAY can have. */
export function readFixedList(size: number, asArray: boolean): (item: Reader) => Reader {
  return (item) => (data, start, count) => {
    const items = childOf(data, 0);
    if ((start + count) * size > items.length) throw damaged();
    const child = item(items, start * size, count * size);
    const rows = rowsOf(data, start, count);
    if (asArray) return { kind: "array", ...rows, size, child };
    const offsets = Int32Array.from({ length: count + 1 }, (_, row) => row * size);
    return { kind: "list", ...rows, offsets, child };
  };
}

export function readStruct(fields: readonly Reader[]): Reader {
  return (data, start, count): StructData => {
    const children = fields.map((field, index) => field(childOf(data, index), start, count));
    return { kind: "struct", ...rowsOf(data, start, count), children };
  };
}

/** A list of entries whose keys are never null. */
export function readMap(entry: Reader): Reader {
  const list = readList(entry);
  return (data, start, count) => {
    const map = list(data, start, count) as ListData;
    const entries = map.child as StructData;
    const keys = entries.children[0] as ColumnData;
    const nulls = countNulls(entries.validity, 0, entries.length) + countNulls(keys.validity, 0, keys.length);
    if (nulls > 0) throw new Misfit("a map", "it has a null key");
    return map;
  };
}

function childOf(data: Data, index: number): Data {
  const child = data.children[index];
  if (child === undefined) throw damaged();
  return child;
}
