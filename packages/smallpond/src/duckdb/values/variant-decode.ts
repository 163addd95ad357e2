/**
 * VARIANT columns into values. A VARIANT is a tree in arrays: node `i` of a row is a tag and an offset into the row's
 * bytes; objects and arrays hold, at their offset, how many children they have and where those start in the row's list
 * of (key, node) pairs. The root is node 0. Indices come from data: they are checked, and so is that no node is reached
 * twice, which rules out loops.
 */
import { assert } from "@smallpond/base";
import { quoteName } from "../text.ts";
import { bignumOfBytes } from "./bignum.ts";
import { isValid } from "./bitmap.ts";
import { Bits, bitsTextOfBytes } from "./bits.ts";
import { CalendarDate } from "./calendar-date.ts";
import type { BytesData, FixedData, ListData, StructData } from "./column-data.ts";
import { Decimal } from "./decimal.ts";
import { uint32s } from "./fixed-views.ts";
import { Interval } from "./interval.ts";
import type { JsValue } from "./js-value.ts";
import { setField } from "./set-field.ts";
import { Time } from "./time.ts";
import { timeOfTzBits } from "./time-tz.ts";
import { Timestamp } from "./timestamp.ts";
import { uuidText } from "./uuid.ts";
import { Variant } from "./variant.ts";
import { TAG } from "./variant-tags.ts";

/** Every row as a {@link Variant}, or null. */
export function decodeVariants(column: StructData): JsValue[] {
  const parts = partsOf(column);
  return Array.from({ length: column.length }, (_, row) => {
    if (!isValid(column.validity, row)) return null;
    const { value, type } = decodeNode(new VariantRow(parts, row), 0);
    return type === NULL_TYPE ? null : new Variant(value, type);
  });
}

interface Node {
  readonly value: JsValue;
  /** As DuckDB reads it. */
  readonly type: string;
}

interface Parts {
  readonly keys: ListData;
  readonly names: BytesData;
  readonly children: ListData;
  readonly keyIndices: Uint32Array;
  readonly nodeIndices: Uint32Array;
  readonly nodes: ListData;
  readonly tags: Uint8Array;
  readonly byteOffsets: Uint32Array;
  readonly data: BytesData;
}

const NULL_TYPE = '"NULL"';

/** Scalars that are no more than their bytes at a position. */
const SCALARS: Readonly<
  Record<number, readonly [type: string, read: (view: DataView, at: number) => JsValue]>
> = {
  [TAG.NULL]: [NULL_TYPE, () => null],
  [TAG.TRUE]: ["BOOLEAN", () => true],
  [TAG.FALSE]: ["BOOLEAN", () => false],
  [TAG.INT8]: ["TINYINT", (view, at) => view.getInt8(at)],
  [TAG.INT16]: ["SMALLINT", (view, at) => view.getInt16(at, true)],
  [TAG.INT32]: ["INTEGER", (view, at) => view.getInt32(at, true)],
  [TAG.INT64]: ["BIGINT", int64],
  [TAG.INT128]: ["HUGEINT", int128],
  [TAG.UINT8]: ["UTINYINT", (view, at) => view.getUint8(at)],
  [TAG.UINT16]: ["USMALLINT", (view, at) => view.getUint16(at, true)],
  [TAG.UINT32]: ["UINTEGER", (view, at) => view.getUint32(at, true)],
  [TAG.UINT64]: ["UBIGINT", (view, at) => view.getBigUint64(at, true)],
  [TAG.UINT128]: ["UHUGEINT", (view, at) => BigInt.asUintN(128, int128(view, at))],
  [TAG.FLOAT]: ["FLOAT", (view, at) => view.getFloat32(at, true)],
  [TAG.DOUBLE]: ["DOUBLE", (view, at) => view.getFloat64(at, true)],
  [TAG.UUID]: ["UUID", (view, at) => uuidText(new Uint8Array(view.buffer, view.byteOffset + at, 16), 0)],
  [TAG.DATE]: ["DATE", (view, at) => new CalendarDate(view.getInt32(at, true))],
  [TAG.TIME]: ["TIME", (view, at) => new Time(int64(view, at) * 1000n)],
  [TAG.TIME_NS]: ["TIME_NS", (view, at) => new Time(int64(view, at), { unit: "ns" })],
  [TAG.TIMETZ]: ["TIMETZ", (view, at) => timeOfTzBits(view.getBigUint64(at, true))],
  [TAG.TIMESTAMP]: ["TIMESTAMP", (view, at) => new Timestamp(int64(view, at))],
  [TAG.TIMESTAMP_S]: ["TIMESTAMP_S", (view, at) => new Timestamp(int64(view, at), { unit: "s" })],
  [TAG.TIMESTAMP_MS]: ["TIMESTAMP_MS", (view, at) => new Timestamp(int64(view, at), { unit: "ms" })],
  [TAG.TIMESTAMP_NS]: ["TIMESTAMP_NS", (view, at) => new Timestamp(int64(view, at), { unit: "ns" })],
  [TAG.TIMESTAMPTZ]: ["TIMESTAMPTZ", (view, at) => new Timestamp(int64(view, at), { withTimeZone: true })],
  [TAG.INTERVAL]: ["INTERVAL", interval],
};

/** Scalars that are a byte count and bytes. */
const SIZED: Readonly<Record<number, readonly [type: string, make: (bytes: Uint8Array) => JsValue]>> = {
  [TAG.VARCHAR]: ["VARCHAR", (bytes) => Buffer.from(bytes).toString()],
  [TAG.BLOB]: ["BLOB", (bytes) => bytes.slice()],
  [TAG.BIT]: ["BIT", (bytes) => new Bits(bitsTextOfBytes(bytes))],
  [TAG.BIGNUM]: ["BIGNUM", bignumOfBytes],
  [TAG.GEOMETRY]: ["GEOMETRY", (bytes) => bytes.slice()],
};

/** One row's slices of the parts, with bounds. */
class VariantRow {
  readonly view: DataView;
  readonly #parts: Parts;
  readonly #row: number;
  #visits = 0;

  constructor(parts: Parts, row: number) {
    const bytes = parts.data.bytes.subarray(parts.data.offsets[row], parts.data.offsets[row + 1]);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#parts = parts;
    this.#row = row;
  }

  node(index: number): { readonly tag: number; readonly at: number } {
    const from = this.#item(this.#parts.nodes, index);
    const count = this.#count(this.#parts.nodes);
    assert(++this.#visits <= count, "a VARIANT refers to one of its nodes twice");
    return { tag: this.#parts.tags[from]!, at: this.#parts.byteOffsets[from]! };
  }

  /** Children [first, first + count) exist. */
  checkChildren(first: number, count: number): void {
    assert(
      first + count <= this.#count(this.#parts.children),
      "a VARIANT refers to children that it does not have",
    );
  }

  /** The node that child `index` refers to. */
  childNode(index: number): number {
    return this.#parts.nodeIndices[this.#item(this.#parts.children, index)]!;
  }

  childName(index: number): string {
    const key = this.#parts.keyIndices[this.#item(this.#parts.children, index)]!;
    const name = this.#item(this.#parts.keys, key);
    const { bytes, offsets } = this.#parts.names;
    return Buffer.from(bytes.subarray(offsets[name], offsets[name + 1])).toString();
  }

  #count(list: ListData): number {
    return list.offsets[this.#row + 1]! - list.offsets[this.#row]!;
  }

  #item(list: ListData, index: number): number {
    const from = list.offsets[this.#row]! + index;
    assert(from < list.offsets[this.#row + 1]!, "a VARIANT refers to a node that it does not have");
    return from;
  }
}

function decodeNode(row: VariantRow, index: number): Node {
  const { tag, at } = row.node(index);
  const scalar = SCALARS[tag];
  if (scalar !== undefined) return { type: scalar[0], value: scalar[1](row.view, at) };
  const sized = SIZED[tag];
  if (sized !== undefined) {
    const [count, start] = varint(row.view, at);
    const bytes = new Uint8Array(row.view.buffer, row.view.byteOffset + start, count);
    return { type: sized[0], value: sized[1](bytes) };
  }
  if (tag === TAG.DECIMAL) return decodeDecimal(row.view, at);
  assert(tag === TAG.OBJECT || tag === TAG.ARRAY, `a VARIANT has a node of unknown tag ${tag}`);
  const [count, next] = varint(row.view, at);
  const first = count === 0 ? 0 : varint(row.view, next)[0];
  row.checkChildren(first, count);
  const children = Array.from({ length: count }, (_, child) => decodeNode(row, row.childNode(first + child)));
  return tag === TAG.ARRAY ? arrayNode(children) : objectNode(row, first, children);
}

function objectNode(row: VariantRow, first: number, children: readonly Node[]): Node {
  const value: Record<string, JsValue> = {};
  const fields = children.map((child, index) => {
    const name = row.childName(first + index);
    setField(value, name, child.value);
    return `${quoteName(name)} ${child.type}`;
  });
  return { value, type: `STRUCT(${fields.join(", ")})` };
}

/** Items of one type (nulls aside) make a list of it; otherwise each item keeps its own type. */
function arrayNode(children: readonly Node[]): Node {
  const types = new Set(children.map(({ type }) => type).filter((type) => type !== NULL_TYPE));
  const [type = NULL_TYPE] = types;
  if (types.size <= 1) return { value: children.map((child) => child.value), type: `${type}[]` };
  const items = children.map((child) =>
    child.type === NULL_TYPE ? null : new Variant(child.value, child.type),
  );
  return { value: items, type: "VARIANT[]" };
}

function decodeDecimal(view: DataView, at: number): Node {
  const [width, afterWidth] = varint(view, at);
  const [scale, start] = varint(view, afterWidth);
  const value =
    width <= 4
      ? BigInt(view.getInt16(start, true))
      : width <= 9
        ? BigInt(view.getInt32(start, true))
        : width <= 18
          ? int64(view, start)
          : int128(view, start);
  return { value: new Decimal(value, { width, scale }), type: `DECIMAL(${width},${scale})` };
}

function interval(view: DataView, at: number): Interval {
  return new Interval({
    months: view.getInt32(at, true),
    days: view.getInt32(at + 4, true),
    micros: int64(view, at + 8),
  });
}

function int64(view: DataView, at: number): bigint {
  return view.getBigInt64(at, true);
}

function int128(view: DataView, at: number): bigint {
  return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
}

/** An unsigned number of 7 bits per byte, and the position after it. */
function varint(view: DataView, at: number): [value: number, next: number] {
  let value = 0;
  let scale = 1;
  for (let next = at; ; scale *= 128) {
    const byte = view.getUint8(next++);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, next];
  }
}

function partsOf(column: StructData): Parts {
  const [keys, children, nodes, data] = column.children as [ListData, ListData, ListData, BytesData];
  const pairs = children.child as StructData;
  const entries = nodes.child as StructData;
  return {
    keys,
    names: keys.child as BytesData,
    children,
    keyIndices: uint32s(pairs.children[0]!),
    nodeIndices: uint32s(pairs.children[1]!),
    nodes,
    tags: (entries.children[0] as FixedData).data,
    byteOffsets: uint32s(entries.children[1]!),
    data,
  };
}
