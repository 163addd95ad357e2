/**
 * Plain buffers into JavaScript values, a column at a time: one entry per type, so that no row asks for its type.
 */
import {
  type DuckDBDecimalType,
  type DuckDBEnumType,
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  type DuckDBUnionType,
  DuckDBTypeId as Id,
} from "@duckdb/node-api";
import { assert } from "@smallpond/base";
import { isUnnamedStruct } from "../type-text.ts";
import { bignumOfBytes } from "./bignum.ts";
import { isValid } from "./bitmap.ts";
import { Bits, bitsTextOfBytes } from "./bits.ts";
import { CalendarDate } from "./calendar-date.ts";
import type { BytesData, ColumnData, ListData, StructData } from "./column-data.ts";
import { Decimal } from "./decimal.ts";
import { int16s, int32s, int64s, int128s, uint16s, uint32s, uint64s, uint128s } from "./fixed-views.ts";
import { Interval } from "./interval.ts";
import type { JsValue } from "./js-value.ts";
import { setField } from "./set-field.ts";
import { Time } from "./time.ts";
import { timeOfTzBits } from "./time-tz.ts";
import { Timestamp, type TimestampOptions } from "./timestamp.ts";
import type { ColumnTypeId } from "./type-table.ts";
import { uuidText } from "./uuid.ts";
import { decodeVariants } from "./variant-decode.ts";

/** Changes what a column of 64 bits and more gives; called once per value. */
export type BigintReader = (value: bigint) => JsValue;

/** Every row of the column as a JavaScript value. `integer` is applied to integers of 64 and 128 bits. */
export function decodeColumn(column: ColumnData, type: DuckDBType, integer?: BigintReader): JsValue[] {
  const decode = DECODERS[type.typeId as ColumnTypeId];
  assert(decode !== undefined, `no column has type ${type}`);
  return decode(column as never, type as never, integer);
}

type Decoder = (column: never, type: never, integer: BigintReader | undefined) => JsValue[];

const DECODERS: Readonly<Record<ColumnTypeId, Decoder>> = {
  [Id.BOOLEAN]: fixed(bytesOf, (value: number) => value !== 0),
  [Id.TINYINT]: fixed((column) => new Int8Array(bytesOf(column).buffer), same),
  [Id.SMALLINT]: fixed(int16s, same),
  [Id.INTEGER]: fixed(int32s, same),
  [Id.BIGINT]: integers(int64s),
  [Id.HUGEINT]: integers(int128s),
  [Id.UTINYINT]: fixed(bytesOf, same),
  [Id.USMALLINT]: fixed(uint16s, same),
  [Id.UINTEGER]: fixed(uint32s, same),
  [Id.UBIGINT]: integers(uint64s),
  [Id.UHUGEINT]: integers(uint128s),
  [Id.BIGNUM]: bytes(bignumOfBytes),
  [Id.FLOAT]: fixed((column) => new Float32Array(bytesOf(column).buffer), same),
  [Id.DOUBLE]: fixed((column) => new Float64Array(bytesOf(column).buffer), same),
  [Id.DECIMAL]: decodeDecimals,
  [Id.VARCHAR]: decodeStrings,
  [Id.BLOB]: bytes((value) => value.slice()),
  [Id.BIT]: bytes((value) => new Bits(bitsTextOfBytes(value))),
  [Id.DATE]: fixed(int32s, (days: number) => new CalendarDate(days)),
  [Id.TIME]: fixed(int64s, (micros: bigint) => new Time(micros * 1000n)),
  [Id.TIME_NS]: fixed(int64s, (nanos: bigint) => new Time(nanos, { unit: "ns" })),
  [Id.TIME_TZ]: fixed(uint64s, timeOfTzBits),
  [Id.TIMESTAMP]: timestamps({ unit: "us" }),
  [Id.TIMESTAMP_S]: timestamps({ unit: "s" }),
  [Id.TIMESTAMP_MS]: timestamps({ unit: "ms" }),
  [Id.TIMESTAMP_NS]: timestamps({ unit: "ns" }),
  [Id.TIMESTAMP_TZ]: timestamps({ unit: "us", withTimeZone: true }),
  [Id.INTERVAL]: decodeIntervals,
  [Id.UUID]: decodeUuids,
  [Id.ENUM]: decodeEnums,
  [Id.LIST]: (column: ListData, type: DuckDBListType, integer) =>
    spans(column, decodeColumn(column.child, type.valueType, integer)),
  [Id.ARRAY]: decodeArrays,
  [Id.STRUCT]: decodeStructs,
  [Id.MAP]: decodeMaps,
  [Id.UNION]: decodeUnions,
  [Id.SQLNULL]: (column: ColumnData) => new Array<JsValue>(column.length).fill(null),
  [Id.VARIANT]: (column: StructData) => decodeVariants(column),
  [Id.GEOMETRY]: bytes((value) => value.slice()),
};

function same<T extends JsValue>(value: T): T {
  return value;
}

function bytesOf(column: ColumnData): Uint8Array<ArrayBuffer> {
  assert(column.kind === "fixed", "the column holds values of fixed width");
  return column.data as Uint8Array<ArrayBuffer>;
}

/** A decoder for fixed-width values: a view of the buffer, and what each of its elements becomes. */
function fixed<T>(view: (column: never) => ArrayLike<T>, make: (value: T) => JsValue): Decoder {
  return (column: ColumnData) => {
    const { length, validity } = column;
    const stored = view(column as never);
    const values = new Array<JsValue>(length);
    for (let row = 0; row < length; row++) values[row] = isValid(validity, row) ? make(stored[row]!) : null;
    return values;
  };
}

function integers(view: (column: never) => ArrayLike<bigint>): Decoder {
  return (column: never, type: never, integer = same) => fixed(view, integer)(column, type, undefined);
}

function timestamps(options: TimestampOptions): Decoder {
  return fixed(int64s, (ticks: bigint) => new Timestamp(ticks, options));
}

/** A decoder for values of varying length; `make` must copy what it keeps. */
function bytes(make: (value: Uint8Array) => JsValue): Decoder {
  return ({ length, validity, offsets, bytes: stored }: BytesData) => {
    const values = new Array<JsValue>(length);
    for (let row = 0; row < length; row++) {
      const valid = isValid(validity, row);
      values[row] = valid ? make(stored.subarray(offsets[row], offsets[row + 1])) : null;
    }
    return values;
  };
}

function decodeStrings({ length, validity, offsets, bytes: stored }: BytesData): JsValue[] {
  const buffer = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const values = new Array<JsValue>(length);
  for (let row = 0; row < length; row++) {
    values[row] = isValid(validity, row) ? buffer.toString("utf8", offsets[row], offsets[row + 1]) : null;
  }
  return values;
}

function decodeDecimals(column: ColumnData, type: DuckDBDecimalType): JsValue[] {
  const { width, scale } = type;
  const shape = { width, scale };
  const make = (value: bigint | number): JsValue => new Decimal(BigInt(value), shape);
  const view = width <= 4 ? int16s : width <= 9 ? int32s : width <= 18 ? int64s : int128s;
  return fixed<bigint | number>(view, make)(column as never, type as never, undefined);
}

function decodeIntervals(column: ColumnData): JsValue[] {
  const { length, validity } = column;
  const { buffer } = bytesOf(column);
  const words = new Int32Array(buffer);
  const longs = new BigInt64Array(buffer);
  return Array.from({ length }, (_, row) => {
    if (!isValid(validity, row)) return null;
    return new Interval({ months: words[row * 4]!, days: words[row * 4 + 1]!, micros: longs[row * 2 + 1]! });
  });
}

function decodeUuids(column: ColumnData): JsValue[] {
  const stored = bytesOf(column);
  return Array.from({ length: column.length }, (_, row) =>
    isValid(column.validity, row) ? uuidText(stored, row * 16) : null,
  );
}

function decodeEnums(column: ColumnData, type: DuckDBEnumType): JsValue[] {
  assert(column.kind === "fixed", "enums are stored as indices");
  const { values: members } = type;
  const view = column.width === 1 ? bytesOf : column.width === 2 ? uint16s : uint32s;
  return fixed<number>(view, (index) => members[index]!)(column as never, type as never, undefined);
}

function decodeArrays(column: ColumnData, type: DuckDBListType, integer?: BigintReader): JsValue[] {
  assert(column.kind === "array", "arrays are stored as arrays");
  const items = decodeColumn(column.child, type.valueType, integer);
  return Array.from({ length: column.length }, (_, row) =>
    isValid(column.validity, row) ? items.slice(row * column.size, (row + 1) * column.size) : null,
  );
}

function decodeStructs(column: StructData, type: DuckDBStructType, integer?: BigintReader): JsValue[] {
  const fields = column.children.map((child, index) => decodeColumn(child, type.entryTypes[index]!, integer));
  const unnamed = isUnnamedStruct(type);
  return Array.from({ length: column.length }, (_, row) => {
    if (!isValid(column.validity, row)) return null;
    if (unnamed) return fields.map((values) => values[row]!);
    const value: Record<string, JsValue> = {};
    for (let index = 0; index < fields.length; index++) {
      setField(value, type.entryNames[index]!, fields[index]![row]!);
    }
    return value;
  });
}

function decodeMaps(column: ListData, type: DuckDBMapType, integer?: BigintReader): JsValue[] {
  const { child } = column;
  assert(child.kind === "struct", "maps are stored as lists of entries");
  const keys = decodeColumn(child.children[0]!, type.keyType, integer);
  const values = decodeColumn(child.children[1]!, type.valueType, integer);
  return Array.from({ length: column.length }, (_, row) => {
    if (!isValid(column.validity, row)) return null;
    const map = new Map<JsValue, JsValue>();
    for (let item = column.offsets[row]!; item < column.offsets[row + 1]!; item++)
      map.set(keys[item]!, values[item]!);
    return map;
  });
}

function decodeUnions(column: StructData, type: DuckDBUnionType, integer?: BigintReader): JsValue[] {
  const [tags, ...members] = column.children;
  const indices = bytesOf(tags!);
  const values = members.map((member, index) => decodeColumn(member, type.memberTypes[index]!, integer));
  return Array.from({ length: column.length }, (_, row) => {
    if (!isValid(column.validity, row) || !isValid(tags!.validity, row)) return null;
    const index = indices[row]!;
    return { tag: type.memberTags[index]!, value: values[index]![row]! };
  });
}

function spans(column: ListData, items: readonly JsValue[]): JsValue[] {
  const { length, validity, offsets } = column;
  const values = new Array<JsValue>(length);
  for (let row = 0; row < length; row++) {
    values[row] = isValid(validity, row) ? items.slice(offsets[row], offsets[row + 1]) : null;
  }
  return values;
}
