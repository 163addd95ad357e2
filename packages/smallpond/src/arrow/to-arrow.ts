/** Plain buffers as Arrow data. Where the layouts agree, the buffers are Arrow's from then on. */
import {
  type DuckDBArrayType,
  type DuckDBDecimalType,
  type DuckDBEnumType,
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  type DuckDBUnionType,
  DuckDBTypeId as Id,
  VARCHAR,
} from "@duckdb/node-api";
import { assert } from "@smallpond/base";
import { Data, type DataType, type Dictionary, type Struct, Vector } from "apache-arrow";
import { countNulls, isValid } from "../duckdb/values/bitmap.ts";
import type {
  ArrayData,
  BytesData,
  ColumnData,
  FixedData,
  ListData,
  StructData,
} from "../duckdb/values/column-data.ts";
import { decodeColumn } from "../duckdb/values/decode.ts";
import { encodeColumn } from "../duckdb/values/encode.ts";
import { Misfit } from "../duckdb/values/errors.ts";
import { int16s, int32s, int64s } from "../duckdb/values/fixed-views.ts";
import { mapEntryType, VARIANT_PARTS } from "../duckdb/values/physical.ts";
import type { ColumnTypeId } from "../duckdb/values/type-table.ts";
import { uuidsInTextOrder } from "../duckdb/values/uuid.ts";

/** The column as data of the Arrow type, which `arrow-types.ts` made for the DuckDB type. */
export function toArrowData(column: ColumnData, type: DuckDBType, arrowType: DataType): Data {
  const convert = CONVERTERS[type.typeId as ColumnTypeId];
  assert(convert !== undefined, `no column has type ${type}`);
  return convert(column as never, type as never, arrowType as never);
}

type Converter = (column: never, type: never, arrowType: never) => Data;

const CONVERTERS: Readonly<Record<ColumnTypeId, Converter>> = {
  [Id.BOOLEAN]: booleans,
  [Id.TINYINT]: unchanged,
  [Id.SMALLINT]: unchanged,
  [Id.INTEGER]: unchanged,
  [Id.BIGINT]: unchanged,
  [Id.HUGEINT]: unchanged,
  [Id.UTINYINT]: unchanged,
  [Id.USMALLINT]: unchanged,
  [Id.UINTEGER]: unchanged,
  [Id.UBIGINT]: unchanged,
  [Id.UHUGEINT]: unchanged,
  [Id.BIGNUM]: texts,
  [Id.FLOAT]: unchanged,
  [Id.DOUBLE]: unchanged,
  [Id.DECIMAL]: decimals,
  [Id.VARCHAR]: strings,
  [Id.BLOB]: strings,
  [Id.BIT]: texts,
  [Id.DATE]: unchanged,
  [Id.TIME]: unchanged,
  [Id.TIME_NS]: unchanged,
  [Id.TIME_TZ]: texts,
  [Id.TIMESTAMP]: unchanged,
  [Id.TIMESTAMP_S]: unchanged,
  [Id.TIMESTAMP_MS]: unchanged,
  [Id.TIMESTAMP_NS]: unchanged,
  [Id.TIMESTAMP_TZ]: unchanged,
  [Id.INTERVAL]: intervals,
  [Id.UUID]: (column: FixedData, _type: DuckDBType, arrowType: DataType) =>
    fixed(column, arrowType, uuidsInTextOrder(column.data, column.length)),
  [Id.ENUM]: enums,
  [Id.LIST]: (column: ListData, type: DuckDBListType, arrowType: DataType) =>
    list(column, type.valueType, arrowType),
  [Id.ARRAY]: arrays,
  [Id.STRUCT]: (column: StructData, type: DuckDBStructType, arrowType: Struct) =>
    struct(column, type.entryTypes, arrowType),
  [Id.MAP]: (column: ListData, type: DuckDBMapType, arrowType: DataType) =>
    list(column, mapEntryType(type), arrowType),
  [Id.UNION]: unions,
  [Id.SQLNULL]: (column: ColumnData, _type: DuckDBType, arrowType: DataType) =>
    new Data(arrowType, 0, column.length, column.length),
  [Id.VARIANT]: (column: StructData, _type: DuckDBType, arrowType: Struct) =>
    struct(column, VARIANT_PARTS.entryTypes, arrowType),
  [Id.GEOMETRY]: strings,
};

interface DataParts {
  readonly offsets?: Int32Array;
  readonly values?: ArrayBufferView;
  readonly typeIds?: Int8Array;
  readonly children?: Data[];
  readonly dictionary?: Vector;
}

/** Arrow numbers a data's buffers: offsets, values, validity, type ids. */
function data(column: ColumnData, type: DataType, parts: DataParts): Data {
  const { length, validity } = column;
  const nulls = countNulls(validity, 0, length);
  const bitmap = nulls === 0 ? undefined : validity!;
  const buffers = [parts.offsets, parts.values, bitmap, parts.typeIds] as never;
  return new Data(type, 0, length, nulls, buffers, parts.children ?? [], parts.dictionary);
}

function fixed(column: ColumnData, type: DataType, bytes: Uint8Array): Data {
  const make = type.ArrayType as unknown as {
    new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayBufferView;
    readonly BYTES_PER_ELEMENT: number;
  };
  const length = Math.floor(bytes.byteLength / make.BYTES_PER_ELEMENT);
  return data(column, type, { values: new make(bytes.buffer, bytes.byteOffset, length) });
}

function unchanged(column: FixedData, _type: DuckDBType, arrowType: DataType): Data {
  return fixed(column, arrowType, column.data.subarray(0, column.length * column.width));
}

function booleans(column: FixedData, _type: DuckDBType, arrowType: DataType): Data {
  const bits = new Uint8Array(Math.ceil(column.length / 8));
  for (let row = 0; row < column.length; row++) {
    if (column.data[row] !== 0) bits[row >> 3]! |= 1 << (row & 7);
  }
  return fixed(column, arrowType, bits);
}

/** Arrow's decimals have 128 bits at every precision. */
function decimals(column: FixedData, type: DuckDBDecimalType, arrowType: DataType): Data {
  if (column.width === 16) return unchanged(column, type, arrowType);
  const { length } = column;
  const wide = new Int32Array(length * 4);
  if (column.width === 8) {
    const halves = int32s(column);
    for (let row = 0; row < length; row++) {
      wide[row * 4] = halves[row * 2]!;
      wide[row * 4 + 1] = halves[row * 2 + 1]!;
      wide.fill(halves[row * 2 + 1]! >> 31, row * 4 + 2, row * 4 + 4);
    }
  } else {
    const values = column.width === 2 ? int16s(column) : int32s(column);
    for (let row = 0; row < length; row++) {
      wide[row * 4] = values[row]!;
      wide.fill(values[row]! >> 31, row * 4 + 1, row * 4 + 4);
    }
  }
  return fixed(column, arrowType, new Uint8Array(wide.buffer));
}

function strings(column: BytesData, _type: DuckDBType, arrowType: DataType): Data {
  return data(column, arrowType, { offsets: column.offsets, values: column.bytes });
}

/** Types that Arrow has nothing like travel as their text. */
function texts(column: ColumnData, type: DuckDBType, arrowType: DataType): Data {
  const values = decodeColumn(column, type).map((value) => (value === null ? null : String(value)));
  return strings(encodeColumn(values, VARCHAR) as BytesData, type, arrowType);
}

/** The layouts agree, but Arrow counts nanoseconds and reaches 292 years by them. */
function intervals(column: FixedData, _type: DuckDBType, arrowType: DataType): Data {
  const scaled = new BigInt64Array(int64s(column));
  for (let row = 0; row < column.length; row++) {
    const micros = scaled[row * 2 + 1]!;
    const nanos = micros * 1000n;
    if (BigInt.asIntN(64, nanos) !== nanos && isValid(column.validity, row)) throw tooLong(micros);
    scaled[row * 2 + 1] = nanos;
  }
  return fixed(column, arrowType, new Uint8Array(scaled.buffer));
}

function enums(column: FixedData, type: DuckDBEnumType, arrowType: Dictionary): Data {
  const indices = unchanged(column, type, arrowType.indices);
  return data(column, arrowType, { values: indices.values, dictionary: dictionaryOf(type, arrowType) });
}

const DICTIONARIES = new WeakMap<Dictionary, Vector>();

/** One vector per Arrow type, because all batches of a stream share their dictionaries. */
function dictionaryOf(type: DuckDBEnumType, arrowType: Dictionary): Vector {
  const known = DICTIONARIES.get(arrowType);
  if (known !== undefined) return known;
  const members = encodeColumn(type.values, VARCHAR) as BytesData;
  const dictionary = new Vector([strings(members, VARCHAR, arrowType.dictionary as DataType)]);
  DICTIONARIES.set(arrowType, dictionary);
  return dictionary;
}

function list(column: ListData, childType: DuckDBType, arrowType: DataType): Data {
  const child = toArrowData(column.child, childType, arrowType.children[0]!.type as DataType);
  return data(column, arrowType, { offsets: column.offsets, children: [child] });
}

function arrays(column: ArrayData, type: DuckDBArrayType, arrowType: DataType): Data {
  const child = toArrowData(column.child, type.valueType, arrowType.children[0]!.type as DataType);
  return data(column, arrowType, { children: [child] });
}

function struct(column: StructData, types: readonly DuckDBType[], arrowType: DataType): Data {
  const children = column.children.map((child, index) =>
    toArrowData(child, types[index]!, arrowType.children[index]!.type as DataType),
  );
  return data(column, arrowType, { children });
}

/** Null rows get the tag of the child that is always null. */
function unions(column: StructData, type: DuckDBUnionType, arrowType: DataType): Data {
  const { length, validity } = column;
  const [tags, ...members] = column.children;
  assert(tags?.kind === "fixed", "a union begins with its tags");
  const typeIds = new Int8Array(length);
  for (let row = 0; row < length; row++) {
    const valid = isValid(validity, row) && isValid(tags.validity, row);
    typeIds[row] = valid ? tags.data[row]! : members.length;
  }
  const children = members.map((member, index) =>
    toArrowData(member, type.memberTypes[index]!, arrowType.children[index]!.type as DataType),
  );
  children.push(new Data(arrowType.children[members.length]!.type as DataType, 0, length, length));
  return new Data(arrowType, 0, length, 0, [undefined, undefined, undefined, typeIds] as never, children);
}

function tooLong(micros: bigint): Misfit {
  return new Misfit(
    micros,
    "as nanoseconds it has more than 64 bits",
    "cast the column to VARCHAR in the query",
  );
}
