/** The Arrow type of every DuckDB type. */
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
} from "@duckdb/node-api";
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  IntervalMonthDayNano,
  List,
  Map_,
  Null,
  Schema,
  SparseUnion,
  Struct,
  TimeMicrosecond,
  TimeNanosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import { isUnnamedStruct, typeText } from "../duckdb/type-text.ts";
import { unsupportedType } from "../duckdb/values/errors.ts";
import { mapEntryType, VARIANT_PARTS } from "../duckdb/values/physical.ts";
import { uniqueNames } from "../duckdb/values/row-converter.ts";
import { type ColumnTypeId, isJson } from "../duckdb/values/type-table.ts";
import { EXTENSIONS, type ExtensionName, extensionMetadata, TYPE_KEY } from "./metadata.ts";

/** The schema of a result with these columns. Second columns of a name get a suffix, as rows do. */
export function arrowSchemaOf(names: readonly string[], types: readonly DuckDBType[]): Schema {
  const fields = uniqueNames(names).map((name, index) => topField(name, types[index]!));
  return new Schema(fields);
}

/** Names of the fields of an unnamed struct: their positions, as `r[1]` has them in SQL. */
export function positionName(index: number): string {
  return String(index + 1);
}

/** The child that marks null rows of a union, which Arrow's unions have no bitmap for. */
export const UNION_NULL = "NULL";

/** Arrow counts union members with a signed byte, and one is taken by the null marker. */
const UNION_MEMBERS_MAX = 126;

function topField(name: string, type: DuckDBType): Field {
  const inner = field(name, type, name);
  const metadata = new Map([...inner.metadata, [TYPE_KEY, typeText(type)]]);
  return new Field(name, inner.type, true, metadata);
}

function field(name: string, type: DuckDBType, column: string, nullable = true): Field {
  return new Field(name, arrowType(type, column), nullable, extensionMetadata(extensionFor(type)));
}

function extensionFor(type: DuckDBType): ExtensionName | undefined {
  if (isJson(type)) return EXTENSIONS.JSON;
  if (type.typeId === Id.UUID) return EXTENSIONS.UUID;
  return type.typeId === Id.GEOMETRY ? EXTENSIONS.GEOMETRY : undefined;
}

function arrowType(type: DuckDBType, column: string): DataType {
  const make = ARROW_TYPES[type.typeId as ColumnTypeId];
  if (make === undefined) {
    throw unsupportedType(column, String(type), "which Arrow has no counterpart for", "CAST(x AS VARCHAR)");
  }
  return make(type as never, column);
}

const ARROW_TYPES: Readonly<Record<ColumnTypeId, (type: never, column: string) => DataType>> = {
  [Id.BOOLEAN]: () => new Bool(),
  [Id.TINYINT]: () => new Int8(),
  [Id.SMALLINT]: () => new Int16(),
  [Id.INTEGER]: () => new Int32(),
  [Id.BIGINT]: () => new Int64(),
  // Sums are HUGEINT, so everyone should be able to read it. The 128 bits are the same; see docs/types.md on 39 digits.
  [Id.HUGEINT]: () => new Decimal(0, 38, 128),
  [Id.UTINYINT]: () => new Uint8(),
  [Id.USMALLINT]: () => new Uint16(),
  [Id.UINTEGER]: () => new Uint32(),
  [Id.UBIGINT]: () => new Uint64(),
  [Id.UHUGEINT]: () => new FixedSizeBinary(16),
  [Id.BIGNUM]: () => new Utf8(),
  [Id.FLOAT]: () => new Float32(),
  [Id.DOUBLE]: () => new Float64(),
  [Id.DECIMAL]: ({ width, scale }: DuckDBDecimalType) => new Decimal(scale, width, 128),
  [Id.VARCHAR]: () => new Utf8(),
  [Id.BLOB]: () => new Binary(),
  [Id.BIT]: () => new Utf8(),
  [Id.DATE]: () => new DateDay(),
  [Id.TIME]: () => new TimeMicrosecond(),
  [Id.TIME_NS]: () => new TimeNanosecond(),
  [Id.TIME_TZ]: () => new Utf8(),
  [Id.TIMESTAMP]: () => new TimestampMicrosecond(),
  [Id.TIMESTAMP_S]: () => new TimestampSecond(),
  [Id.TIMESTAMP_MS]: () => new TimestampMillisecond(),
  [Id.TIMESTAMP_NS]: () => new TimestampNanosecond(),
  [Id.TIMESTAMP_TZ]: () => new TimestampMicrosecond("UTC"),
  [Id.INTERVAL]: () => new IntervalMonthDayNano(),
  [Id.UUID]: () => new FixedSizeBinary(16),
  [Id.ENUM]: enumType,
  [Id.LIST]: (type: DuckDBListType, column) => new List(field("item", type.valueType, column)),
  [Id.ARRAY]: (type: DuckDBArrayType, column) =>
    new FixedSizeList(type.length, field("item", type.valueType, column)),
  [Id.STRUCT]: structType,
  [Id.MAP]: mapType,
  [Id.UNION]: unionType,
  [Id.SQLNULL]: () => new Null(),
  [Id.VARIANT]: (_type: DuckDBType, column) => structType(VARIANT_PARTS, column),
  [Id.GEOMETRY]: () => new Binary(),
};

/** As wide as DuckDB's own indices, which then are Arrow's without a change. */
function enumType(type: DuckDBEnumType): DataType {
  const index = type.internalTypeId === Id.UTINYINT ? new Uint8() : undefined;
  const wider = type.internalTypeId === Id.USMALLINT ? new Uint16() : new Uint32();
  return new Dictionary(new Utf8(), index ?? wider);
}

function structType(type: DuckDBStructType, column: string): DataType {
  const unnamed = isUnnamedStruct(type);
  const fields = type.entryTypes.map((entry, index) =>
    field(unnamed ? positionName(index) : type.entryNames[index]!, entry, column),
  );
  return new Struct(fields);
}

function mapType(type: DuckDBMapType, column: string): DataType {
  const { entryTypes } = mapEntryType(type);
  const [key, value] = [field("key", entryTypes[0]!, column, false), field("value", entryTypes[1]!, column)];
  return new Map_(new Field("entries", new Struct<{ key: DataType; value: DataType }>([key, value]), false));
}

function unionType(type: DuckDBUnionType, column: string): DataType {
  const { memberTags, memberTypes } = type;
  if (memberTags.length > UNION_MEMBERS_MAX) {
    const why = `which has more members than Arrow's unions can (${UNION_MEMBERS_MAX})`;
    throw unsupportedType(column, "UNION", why, "CAST(x AS VARCHAR)");
  }
  const members = memberTypes.map((member, index) => field(memberTags[index]!, member, column));
  const fields = [...members, new Field(UNION_NULL, new Null(), true)];
  return new SparseUnion(
    fields.map((_, index) => index),
    fields,
  );
}
