/**
 * Arrow data as plain buffers of a DuckDB type: which pairs of types go together, and how.
 *
 * A reader is chosen once per column and then called for ranges of rows. Arrow slices its value and offset buffers by
 * itself; `Data.offset` counts for bitmaps and booleans only. Buffers come from anywhere and are checked for length.
 */
import {
  type DuckDBArrayType,
  type DuckDBDecimalType,
  type DuckDBListType,
  type DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  type DuckDBUnionType,
  DuckDBTypeId as Id,
} from "@duckdb/node-api";
import {
  type Interval as ArrowInterval,
  type Time as ArrowTime,
  type Timestamp as ArrowTimestamp,
  type Data,
  type Date_,
  DateUnit,
  type Decimal,
  type Dictionary,
  type Duration,
  type Field,
  type FixedSizeBinary,
  type FixedSizeList,
  type Float,
  type Int,
  IntervalUnit,
  Precision,
  Type,
} from "apache-arrow";
import { isUnnamedStruct } from "../duckdb/type-text.ts";
import type { ColumnData } from "../duckdb/values/column-data.ts";
import { VARIANT_PARTS } from "../duckdb/values/physical.ts";
import { positionName } from "./arrow-types.ts";
import { childFields } from "./natural-types.ts";
import { readBinary, readFixedBinary, readGeometry, readTexts } from "./read-bytes.ts";
import { readDictionary } from "./read-dictionary.ts";
import { readBooleans, readDecimals, readHalfFloats, readRaw, readUuids } from "./read-fixed.ts";
import { readFixedList, readList, readMap, readNulls, readStruct } from "./read-nested.ts";
import {
  readDates,
  readDays,
  readDayTimes,
  readDurations,
  readMonthDayNanos,
  readMonths,
  readTicks,
  readTimes,
} from "./read-times.ts";
import { readUnion } from "./read-union.ts";
import { readVariant } from "./read-variant.ts";

/** Rows [start, start + count) of some data. */
export type Reader = (data: Data, start: number, count: number) => ColumnData;

/** How to read data of the field as the DuckDB type, or undefined when the two do not go together. */
export function readerFor(field: Field, type: DuckDBType): Reader | undefined {
  return READERS[field.type.typeId as Type]?.(field as never, type as never);
}

type Choice = (field: Field<never>, type: DuckDBType) => Reader | undefined;

const READERS: { readonly [id in Type]?: Choice } = {
  [Type.Null]: (_field, type) => readNulls(type),
  [Type.Bool]: (_field, type) => when(type, Id.BOOLEAN, readBooleans),
  [Type.Int]: ({ type: arrow }: Field<Int>, type) => {
    return type.typeId === INTEGERS[`${arrow.isSigned}${arrow.bitWidth}`]
      ? readRaw(arrow.bitWidth / 8)
      : undefined;
  },
  [Type.Float]: ({ type: arrow }: Field<Float>, type) => {
    if (arrow.precision === Precision.DOUBLE) return when(type, Id.DOUBLE, readRaw(8));
    return when(type, Id.FLOAT, arrow.precision === Precision.HALF ? readHalfFloats : readRaw(4));
  },
  [Type.Utf8]: textReader,
  [Type.LargeUtf8]: textReader,
  [Type.Utf8View]: textReader,
  [Type.Binary]: binaryReader,
  [Type.LargeBinary]: binaryReader,
  [Type.BinaryView]: binaryReader,
  [Type.FixedSizeBinary]: ({ type: { byteWidth } }: Field<FixedSizeBinary>, type) => {
    if (type.typeId === Id.BLOB) return readFixedBinary(byteWidth);
    if (byteWidth !== 16) return undefined;
    if (type.typeId === Id.UUID) return readUuids;
    return type.typeId === Id.UHUGEINT || type.typeId === Id.HUGEINT ? readRaw(16) : undefined;
  },
  [Type.Decimal]: ({ type: arrow }: Field<Decimal>, type) => {
    if (type.typeId === Id.HUGEINT)
      return arrow.bitWidth === 128 && arrow.scale === 0 ? readRaw(16) : undefined;
    if (type.typeId !== Id.DECIMAL || arrow.scale !== (type as DuckDBDecimalType).scale) return undefined;
    return readDecimals(arrow.bitWidth, type as DuckDBDecimalType);
  },
  [Type.Date]: ({ type: arrow }: Field<Date_>, type) => {
    if (arrow.unit === DateUnit.DAY) return when(type, Id.DATE, readDates);
    return when(type, Id.DATE, readDays) ?? ticksReader(1, type, false);
  },
  [Type.Time]: ({ type: { unit, bitWidth } }: Field<ArrowTime>, type) => {
    const target = type.typeId === Id.TIME ? 2 : type.typeId === Id.TIME_NS ? 3 : undefined;
    return target === undefined ? undefined : readTimes({ from: unit, to: target, width: bitWidth / 8 });
  },
  [Type.Timestamp]: ({ type: arrow }: Field<ArrowTimestamp>, type) =>
    ticksReader(arrow.unit, type, typeof arrow.timezone === "string" && arrow.timezone !== ""),
  [Type.Interval]: ({ type: { unit } }: Field<ArrowInterval>, type) => {
    if (unit === IntervalUnit.YEAR_MONTH) return when(type, Id.INTERVAL, readMonths);
    return when(type, Id.INTERVAL, unit === IntervalUnit.DAY_TIME ? readDayTimes : readMonthDayNanos);
  },
  [Type.Duration]: ({ type: arrow }: Field<Duration>, type) =>
    when(type, Id.INTERVAL, readDurations(arrow.unit)),
  [Type.List]: listReader,
  [Type.LargeList]: listReader,
  [Type.FixedSizeList]: (field: Field<FixedSizeList>, type) => {
    const child = childFields(field as never)[0]!;
    const { listSize } = field.type;
    if (type.typeId === Id.LIST)
      return given(readerFor(child, (type as DuckDBListType).valueType), readFixedList(listSize, false));
    if (type.typeId !== Id.ARRAY || (type as DuckDBArrayType).length !== listSize) return undefined;
    return given(readerFor(child, (type as DuckDBArrayType).valueType), readFixedList(listSize, true));
  },
  [Type.Struct]: structReader,
  [Type.Map]: (field: Field<never>, type) => {
    if (type.typeId !== Id.MAP) return undefined;
    const entries = readerFor(childFields(field)[0]!, mapEntryOf(field, type as DuckDBMapType));
    return given(entries, readMap);
  },
  [Type.Union]: (field: Field<never>, type) => {
    if (type.typeId !== Id.UNION) return undefined;
    return readUnion(field, type as DuckDBUnionType, readerFor);
  },
  [Type.Dictionary]: ({ name, type: { dictionary } }: Field<Dictionary>, type) => {
    const plain = readerFor({ name, type: dictionary } as Field, type);
    return given(plain, (reader) => readDictionary(reader));
  },
};

const INTEGERS: Readonly<Record<string, Id>> = {
  true8: Id.TINYINT,
  true16: Id.SMALLINT,
  true32: Id.INTEGER,
  true64: Id.BIGINT,
  false8: Id.UTINYINT,
  false16: Id.USMALLINT,
  false32: Id.UINTEGER,
  false64: Id.UBIGINT,
};

/** Arrow's number of the unit of each timestamp type. */
const TIMESTAMP_UNITS: { readonly [id in Id]?: number } = {
  [Id.TIMESTAMP_S]: 0,
  [Id.TIMESTAMP_MS]: 1,
  [Id.TIMESTAMP]: 2,
  [Id.TIMESTAMP_TZ]: 2,
  [Id.TIMESTAMP_NS]: 3,
};

function when(type: DuckDBType, id: Id, reader: Reader): Reader | undefined {
  return type.typeId === id ? reader : undefined;
}

function given(child: Reader | undefined, make: (child: Reader) => Reader): Reader | undefined {
  return child === undefined ? undefined : make(child);
}

/** Types that travel as text are parsed; ENUM takes text too, for tools that unpack dictionaries. */
function textReader(_field: Field<never>, type: DuckDBType): Reader | undefined {
  switch (type.typeId) {
    case Id.VARCHAR:
      return readBinary;
    case Id.BIGNUM:
    case Id.BIT:
    case Id.TIME_TZ:
    case Id.UUID:
    case Id.ENUM:
      return readTexts(type);
    default:
      return undefined;
  }
}

function binaryReader(_field: Field<never>, type: DuckDBType): Reader | undefined {
  return when(type, Id.BLOB, readBinary) ?? when(type, Id.GEOMETRY, readGeometry);
}

function ticksReader(unit: number, type: DuckDBType, zoned: boolean): Reader | undefined {
  const target = TIMESTAMP_UNITS[type.typeId];
  if (target === undefined || zoned !== (type.typeId === Id.TIMESTAMP_TZ)) return undefined;
  return readTicks({ from: unit, to: target, width: 8 });
}

function listReader(field: Field<never>, type: DuckDBType): Reader | undefined {
  if (type.typeId !== Id.LIST) return undefined;
  return given(readerFor(childFields(field)[0]!, (type as DuckDBListType).valueType), readList);
}

/** Fields must have the names and the order of the type: metadata may be older than the data. */
function structReader(field: Field<never>, type: DuckDBType): Reader | undefined {
  if (type.typeId === Id.VARIANT) {
    const parts = structReader(field, VARIANT_PARTS);
    return given(parts, readVariant);
  }
  if (type.typeId !== Id.STRUCT) return undefined;
  const { entryNames, entryTypes } = type as DuckDBStructType;
  const unnamed = isUnnamedStruct(type as DuckDBStructType);
  const fields = childFields(field);
  if (fields.length !== entryTypes.length) return undefined;
  const readers: Reader[] = [];
  for (const [index, child] of fields.entries()) {
    const name = unnamed ? positionName(index) : entryNames[index];
    const reader = child.name === name ? readerFor(child, entryTypes[index]!) : undefined;
    if (reader === undefined) return undefined;
    readers.push(reader);
  }
  return readStruct(readers);
}

/** A map's entries by whatever names the data has for key and value. */
function mapEntryOf(field: Field<never>, type: DuckDBMapType): DuckDBType {
  const names = childFields(childFields(field)[0]!).map(({ name }) => name);
  return new DuckDBStructType(names, [type.keyType, type.valueType]);
}
