/**
 * JavaScript values into plain buffers, a column at a time, checking that every value fits the type. The table of what
 * each type takes is in `docs/types.md`. A value that does not fit throws a `Misfit`.
 */
import {
  type DuckDBArrayType,
  type DuckDBEnumType,
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  type DuckDBUnionType,
  DuckDBTypeId as Id,
  UTINYINT,
  VARCHAR,
} from "@duckdb/node-api";
import { assert } from "@smallpond/base";
import { isUnnamedStruct } from "../type-text.ts";
import { bytesOfBignum } from "./bignum.ts";
import { newBitmap, setNull } from "./bitmap.ts";
import { bitsToBytes } from "./bits.ts";
import {
  toArray,
  toBignum,
  toBits,
  toBoolean,
  toBytes,
  toCalendarDate,
  toDecimalDigits,
  toEnumIndex,
  toFloat,
  toInteger,
  toInterval,
  toItems,
  toMap,
  toNumber,
  toSmallInteger,
  toStruct,
  toText,
  toTicks,
  toTime,
  toUnion,
  toUuidBytes,
  toWkb,
} from "./coerce.ts";
import type { ArrayData, BytesData, ColumnData, FixedData, ListData, StructData } from "./column-data.ts";
import { setInt128 } from "./fixed-views.ts";
import { physicalOf } from "./physical.ts";
import { tzBitsOfTime } from "./time-tz.ts";
import type { TimestampOptions } from "./timestamp.ts";
import type { ColumnTypeId } from "./type-table.ts";
import { encodeVariants } from "./variant-encode.ts";

/** The values as a column of the type. `undefined` is null, as missing fields are. */
export function encodeColumn(values: readonly unknown[], type: DuckDBType): ColumnData {
  const encode = ENCODERS[type.typeId as ColumnTypeId];
  assert(encode !== undefined, `no column has type ${type}`);
  return encode(values, type as never);
}

/** Text of our own making as a VARCHAR column. */
export function encodeTexts(texts: readonly (string | null)[]): ColumnData {
  // What people's errors say may hold half a character, which is no reason to fail.
  const wellFormed = texts.map((text) => (text === null ? null : Buffer.from(text).toString()));
  return encodeColumn(wellFormed, VARCHAR);
}

type Values = readonly unknown[];
type Encoder = (values: Values, type: never) => ColumnData;

const ENCODERS: Readonly<Record<ColumnTypeId, Encoder>> = {
  [Id.BOOLEAN]: fixed(Uint8Array, (value) => (toBoolean(value) ? 1 : 0)),
  [Id.TINYINT]: fixed(Int8Array, (value) => toSmallInteger(value, 8, true)),
  [Id.SMALLINT]: fixed(Int16Array, (value) => toSmallInteger(value, 16, true)),
  [Id.INTEGER]: fixed(Int32Array, (value) => toSmallInteger(value, 32, true)),
  [Id.BIGINT]: fixed(BigInt64Array, (value) => toInteger(value, 64, true)),
  [Id.HUGEINT]: wide((value) => toInteger(value, 128, true)),
  [Id.UTINYINT]: fixed(Uint8Array, (value) => toSmallInteger(value, 8, false)),
  [Id.USMALLINT]: fixed(Uint16Array, (value) => toSmallInteger(value, 16, false)),
  [Id.UINTEGER]: fixed(Uint32Array, (value) => toSmallInteger(value, 32, false)),
  [Id.UBIGINT]: fixed(BigUint64Array, (value) => toInteger(value, 64, false)),
  [Id.UHUGEINT]: wide((value) => toInteger(value, 128, false)),
  [Id.BIGNUM]: bytes((value) => bytesOfBignum(toBignum(value))),
  [Id.FLOAT]: fixed(Float32Array, toFloat),
  [Id.DOUBLE]: fixed(Float64Array, toNumber),
  [Id.DECIMAL]: encodeDecimals,
  [Id.VARCHAR]: encodeStrings,
  [Id.BLOB]: bytes(toBytes),
  [Id.BIT]: bytes((value) => bitsToBytes(toBits(value))),
  [Id.DATE]: fixed(Int32Array, (value) => toCalendarDate(value).days),
  [Id.TIME]: fixed(BigInt64Array, (value) => toTime(value, "TIME").micros),
  [Id.TIME_NS]: fixed(BigInt64Array, (value) => toTime(value, "TIME_NS").nanos),
  [Id.TIME_TZ]: fixed(BigUint64Array, (value) => tzBitsOfTime(toTime(value, "TIMETZ"))),
  [Id.TIMESTAMP]: timestamps({ unit: "us" }),
  [Id.TIMESTAMP_S]: timestamps({ unit: "s" }),
  [Id.TIMESTAMP_MS]: timestamps({ unit: "ms" }),
  [Id.TIMESTAMP_NS]: timestamps({ unit: "ns" }),
  [Id.TIMESTAMP_TZ]: timestamps({ unit: "us", withTimeZone: true }),
  [Id.INTERVAL]: encodeIntervals,
  [Id.UUID]: encodeUuids,
  [Id.ENUM]: encodeEnums,
  [Id.LIST]: (values, type: DuckDBListType) => {
    const lists = mapValid(values, toArray);
    return listOf(lists, encodeColumn(flatten(lists.items), type.valueType));
  },
  [Id.ARRAY]: encodeArrays,
  [Id.STRUCT]: encodeStructs,
  [Id.MAP]: encodeMaps,
  [Id.UNION]: encodeUnions,
  [Id.SQLNULL]: fixed(Int32Array, () => 0),
  [Id.VARIANT]: (values) => encodeVariants(values),
  [Id.GEOMETRY]: bytes(toWkb),
};

type NumberArray = Uint8Array | Int8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
type FloatArray = Float32Array | Float64Array;
type BigintArray = BigInt64Array | BigUint64Array;
type ArrayOf<T> = T extends bigint ? BigintArray : NumberArray | FloatArray;

/** Present values made into something, with the validity of all rows. Null rows hold `undefined`. */
interface Present<T> {
  readonly length: number;
  readonly validity: Uint8Array | null;
  /** One per row; what stands for null is up to the caller. */
  readonly items: readonly T[];
}

function validityOf(values: Values): Uint8Array | null {
  let validity: Uint8Array | null = null;
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== null && values[row] !== undefined) continue;
    validity ??= newBitmap(values.length);
    setNull(validity, row);
  }
  return validity;
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function fixed<T extends number | bigint>(
  make: { new (length: number): ArrayOf<T>; readonly BYTES_PER_ELEMENT: number },
  convert: (value: unknown) => T,
): Encoder {
  return (values): FixedData => {
    const stored = new make(values.length);
    for (let row = 0; row < values.length; row++) {
      const value = values[row];
      if (!isNull(value)) (stored as unknown as T[])[row] = convert(value);
    }
    return fixedData(values, stored.buffer, make.BYTES_PER_ELEMENT);
  };
}

/** 128-bit integers. */
function wide(convert: (value: unknown) => bigint): Encoder {
  return (values): FixedData => {
    const words = new BigUint64Array(values.length * 2);
    values.forEach((value, row) => {
      if (!isNull(value)) setInt128(words, row, convert(value));
    });
    return fixedData(values, words.buffer, 16);
  };
}

function fixedData(values: Values, buffer: ArrayBufferLike, width: number): FixedData {
  const data = new Uint8Array(buffer);
  return { kind: "fixed", length: values.length, validity: validityOf(values), width, data };
}

function timestamps(options: TimestampOptions): Encoder {
  return fixed(BigInt64Array, (value) => toTicks(value, options));
}

function bytes(convert: (value: unknown) => Uint8Array): Encoder {
  return (values): BytesData => {
    const items = values.map((value) => (isNull(value) ? EMPTY : convert(value)));
    const offsets = offsetsOf(items);
    const stored = new Uint8Array(offsets[items.length]!);
    items.forEach((item, row) => {
      stored.set(item, offsets[row]);
    });
    return { kind: "bytes", length: values.length, validity: validityOf(values), offsets, bytes: stored };
  };
}

/** All strings are encoded at once; if every character took one byte, lengths are known without looking again. */
function encodeStrings(values: Values, type: DuckDBType): BytesData {
  const texts = values.map((value) => (isNull(value) ? "" : toText(value, type)));
  const stored = Buffer.from(texts.join(""));
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const sizes =
    stored.length === characters ? texts : texts.map((text) => ({ length: Buffer.byteLength(text) }));
  const common = { length: values.length, validity: validityOf(values) };
  return { kind: "bytes", ...common, offsets: offsetsOf(sizes), bytes: stored };
}

function encodeDecimals(values: Values, type: never): FixedData {
  const physical = physicalOf(type);
  assert(physical.kind === "fixed", "decimals have a fixed width");
  if (physical.width === 16) return wide((value) => toDecimalDigits(value, type))(values, type) as FixedData;
  const make = physical.width === 2 ? Int16Array : physical.width === 4 ? Int32Array : undefined;
  const encode =
    make === undefined
      ? fixed(BigInt64Array, (value) => toDecimalDigits(value, type))
      : fixed(make, (value) => Number(toDecimalDigits(value, type)));
  return encode(values, type) as FixedData;
}

function encodeIntervals(values: Values): FixedData {
  const longs = new BigInt64Array(values.length * 2);
  const words = new Int32Array(longs.buffer);
  values.forEach((value, row) => {
    if (isNull(value)) return;
    const { months, days, micros } = toInterval(value);
    words[row * 4] = months;
    words[row * 4 + 1] = days;
    longs[row * 2 + 1] = micros;
  });
  return fixedData(values, longs.buffer, 16);
}

function encodeUuids(values: Values): FixedData {
  const stored = new Uint8Array(values.length * 16);
  values.forEach((value, row) => {
    if (!isNull(value)) stored.set(toUuidBytes(value), row * 16);
  });
  return fixedData(values, stored.buffer, 16);
}

function encodeEnums(values: Values, type: DuckDBEnumType): FixedData {
  const indices = new Map(type.values.map((member, index) => [member, index]));
  const make = type.internalTypeId === Id.UTINYINT ? Uint8Array : undefined;
  const wider = type.internalTypeId === Id.USMALLINT ? Uint16Array : Uint32Array;
  return fixed(make ?? wider, (value) => toEnumIndex(value, indices))(values, type as never) as FixedData;
}

function encodeArrays(values: Values, type: DuckDBArrayType): ArrayData {
  const { length: size, valueType } = type;
  const nulls = new Array<null>(size).fill(null);
  const items = flatten(values.map((value) => (isNull(value) ? nulls : toItems(value, size))));
  const common = { length: values.length, validity: validityOf(values) };
  return { kind: "array", ...common, size, child: encodeColumn(items, valueType) };
}

function encodeStructs(values: Values, type: DuckDBStructType): StructData {
  const { entryNames, entryTypes } = type;
  const unnamed = isUnnamedStruct(type);
  const fields: unknown[][] = entryTypes.map(() => new Array<unknown>(values.length).fill(null));
  values.forEach((value, row) => {
    if (isNull(value)) return;
    const parts = unnamed ? toItems(value, entryTypes.length) : toStruct(value, entryNames);
    for (let index = 0; index < fields.length; index++) fields[index]![row] = parts[index];
  });
  const children = fields.map((field, index) => encodeColumn(field, entryTypes[index]!));
  return { kind: "struct", length: values.length, validity: validityOf(values), children };
}

function encodeMaps(values: Values, type: DuckDBMapType): ListData {
  const maps = mapValid(values, (value) => toMap(value, type.keyType));
  const entries = flatten(maps.items);
  const keys = encodeColumn(
    entries.map(([key]) => key),
    type.keyType,
  );
  const items = encodeColumn(
    entries.map(([, item]) => item),
    type.valueType,
  );
  const child: StructData = {
    kind: "struct",
    length: entries.length,
    validity: null,
    children: [keys, items],
  };
  return listOf(maps, child);
}

function encodeUnions(values: Values, type: DuckDBUnionType): StructData {
  const { memberTags, memberTypes } = type;
  const members: unknown[][] = memberTypes.map(() => new Array<unknown>(values.length).fill(null));
  const tags = values.map((value, row) => {
    if (isNull(value)) return null;
    const { index, item } = toUnion(value, memberTags);
    members[index]![row] = item;
    return index;
  });
  const children = members.map((member, index) => encodeColumn(member, memberTypes[index]!));
  const validity = validityOf(values);
  return {
    kind: "struct",
    length: values.length,
    validity,
    children: [encodeColumn(tags, UTINYINT), ...children],
  };
}

function mapValid<T>(values: Values, convert: (value: unknown) => readonly T[]): Present<readonly T[]> {
  const items = values.map((value) => (isNull(value) ? [] : convert(value)));
  return { length: values.length, validity: validityOf(values), items };
}

function listOf(lists: Present<readonly unknown[]>, child: ColumnData): ListData {
  const { length, validity, items } = lists;
  return { kind: "list", length, validity, offsets: offsetsOf(items), child };
}

/** Like `flat`, but holes stay and become null. */
function flatten<T>(lists: readonly (readonly T[])[]): T[] {
  const all: T[] = [];
  for (const list of lists) {
    for (const item of list) all.push(item);
  }
  return all;
}

const EMPTY = new Uint8Array(0);

function offsetsOf(items: readonly { readonly length: number }[]): Int32Array {
  const offsets = new Int32Array(items.length + 1);
  let end = 0;
  for (let row = 0; row < items.length; row++) {
    end += items[row]!.length;
    offsets[row + 1] = end;
  }
  return offsets;
}
