/** Reader of dense and sparse unions. */
import { type DuckDBType, type DuckDBUnionType, UTINYINT } from "@duckdb/node-api";
import { type Data, type Field, Type, type Union, UnionMode } from "apache-arrow";
import { andBitmaps, newBitmap, setNull } from "../duckdb/values/bitmap.ts";
import { type ColumnData, type StructData, takeRows } from "../duckdb/values/column-data.ts";
import { encodeColumn } from "../duckdb/values/encode.ts";
import { damaged } from "./arrow-buffers.ts";
import { UNION_NULL } from "./arrow-types.ts";
import { childFields } from "./natural-types.ts";
import type { Reader } from "./readers.ts";

/** Members must have the tags of the type, in order; one more that is always null marks null rows. */
export function readUnion(
  field: Field,
  type: DuckDBUnionType,
  readerFor: (field: Field, type: DuckDBType) => Reader | undefined,
): Reader | undefined {
  const { memberTags, memberTypes } = type;
  const fields = childFields(field);
  const marker = fields[memberTags.length];
  const marked = marker?.name === UNION_NULL && marker.type.typeId === Type.Null;
  if (fields.length !== memberTags.length + (marked ? 1 : 0)) return undefined;
  const members: Reader[] = [];
  for (const [index, tag] of memberTags.entries()) {
    const reader = fields[index]!.name === tag ? readerFor(fields[index]!, memberTypes[index]!) : undefined;
    if (reader === undefined) return undefined;
    members.push(reader);
  }
  return (data, start, count) => readRows(data, start, count, members);
}

function readRows(data: Data, start: number, count: number, members: readonly Reader[]): StructData {
  const { mode, typeIdToChildIndex } = data.type as Union;
  const typeIds = (data.typeIds as Int8Array).subarray(start, start + count);
  if (typeIds.length < count) throw damaged();
  const tags = Array.from(typeIds, (id) => typeIdToChildIndex[id] ?? -1);
  if (tags.some((tag) => tag < 0 || tag > members.length)) throw damaged();
  const dense = mode === UnionMode.Dense;
  const offsets = dense ? (data.valueOffsets as Int32Array).subarray(start, start + count) : undefined;
  const children = members.map((member, tag) => {
    const child = data.children[tag];
    if (child === undefined) throw damaged();
    return offsets === undefined
      ? masked(member(child, start, count), tags, tag)
      : gathered(member, child, tags, tag, offsets);
  });
  const present = tags.map((tag) => (tag < members.length ? tag : null));
  const tagColumn = encodeColumn(present, UTINYINT);
  return { kind: "struct", length: count, validity: tagColumn.validity, children: [tagColumn, ...children] };
}

/** DuckDB wants the members that a row does not use to be null. */
function masked(column: ColumnData, tags: readonly number[], member: number): ColumnData {
  const used = newBitmap(column.length);
  tags.forEach((tag, row) => {
    if (tag !== member) setNull(used, row);
  });
  return { ...column, validity: andBitmaps(column.validity, used) };
}

/** The rows of a dense child, put where they belong. */
function gathered(
  member: Reader,
  child: Data,
  tags: readonly number[],
  index: number,
  offsets: Int32Array,
): ColumnData {
  let low = child.length;
  let high = 0;
  tags.forEach((tag, row) => {
    if (tag !== index) return;
    low = Math.min(low, offsets[row] ?? -1);
    high = Math.max(high, offsets[row]! + 1);
  });
  if (low < 0 || high > child.length) throw damaged();
  const used = high > low ? member(child, low, high - low) : member(child, 0, 0);
  return takeRows(
    used,
    Int32Array.from(tags, (tag, row) => (tag === index ? offsets[row]! - low : -1)),
  );
}
