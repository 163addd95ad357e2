/** The DuckDB type that an Arrow type suggests by itself, for tables made by others. */
import {
  ARRAY,
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBStructType,
  type DuckDBType,
  DuckDBUnionType,
  DuckDBVarCharType,
  FLOAT,
  GEOMETRY,
  INTEGER,
  INTERVAL,
  LIST,
  MAP,
  SMALLINT,
  TIME,
  TIME_NS,
  TIMESTAMP,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMP_S,
  TIMESTAMPTZ,
  TINYINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  UUID,
  VARCHAR,
} from "@duckdb/node-api";
import {
  type Time as ArrowTime,
  type Timestamp as ArrowTimestamp,
  type Date_,
  DateUnit,
  type Decimal,
  type Dictionary,
  type Field,
  type FixedSizeBinary,
  type FixedSizeList,
  type Float,
  type Int,
  Precision,
  TimeUnit,
  Type,
} from "apache-arrow";
import { unsupportedType } from "../duckdb/values/errors.ts";
import { checkNames } from "../duckdb/values/infer-type.ts";
import { EXTENSIONS, extensionOf } from "./metadata.ts";

/** DuckDB's own limit for the length of an ARRAY. */
const ARRAY_LENGTH_MAX = 100_000;

/** The type for a field, or UNSUPPORTED_TYPE with the name of the column that it is or is in. */
export function naturalType(field: Field, column: string): DuckDBType {
  return extensionType(field) ?? plainType(field, column);
}

/** Fields of one level inside a nested field. */
export function childFields(field: Field): readonly Field[] {
  return (field.type.children ?? []) as readonly Field[];
}

/** Canonical extension types, as long as they are stored as their definition says. */
function extensionType(field: Field): DuckDBType | undefined {
  const extension = extensionOf(field.metadata);
  const { typeId } = field.type;
  if (extension === EXTENSIONS.UUID) return isWidth16(field) ? UUID : undefined;
  if (extension === EXTENSIONS.JSON)
    return TEXT_IDS.has(typeId) ? DuckDBVarCharType.create("JSON") : undefined;
  return extension === EXTENSIONS.GEOMETRY && BINARY_IDS.has(typeId) ? GEOMETRY : undefined;
}

const TEXT_IDS: ReadonlySet<Type> = new Set([Type.Utf8, Type.LargeUtf8, Type.Utf8View]);
const BINARY_IDS: ReadonlySet<Type> = new Set([Type.Binary, Type.LargeBinary, Type.BinaryView]);

function isWidth16(field: Field): boolean {
  return field.type.typeId === Type.FixedSizeBinary && (field.type as FixedSizeBinary).byteWidth === 16;
}

function plainType(field: Field, column: string): DuckDBType {
  const make = NATURAL[field.type.typeId as Type];
  const type = make?.(field as never, column);
  if (type === undefined) {
    const cast = `a cast of ${JSON.stringify(column)} to Utf8 or another Arrow type`;
    throw unsupportedType(column, `Arrow ${field.type}`, "which DuckDB has no counterpart for", cast);
  }
  return type;
}

type Natural = (field: Field<never>, column: string) => DuckDBType | undefined;

const NATURAL: { readonly [id in Type]?: Natural } = {
  // DuckDB types a bare NULL so.
  [Type.Null]: () => INTEGER,
  [Type.Bool]: () => BOOLEAN,
  [Type.Int]: ({ type }: Field<Int>) => {
    const index = Math.log2(type.bitWidth) - 3;
    return (type.isSigned ? [TINYINT, SMALLINT, INTEGER, BIGINT] : [UTINYINT, USMALLINT, UINTEGER, UBIGINT])[
      index
    ];
  },
  [Type.Float]: ({ type }: Field<Float>) => (type.precision === Precision.DOUBLE ? DOUBLE : FLOAT),
  [Type.Utf8]: () => VARCHAR,
  [Type.LargeUtf8]: () => VARCHAR,
  [Type.Utf8View]: () => VARCHAR,
  [Type.Binary]: () => BLOB,
  [Type.LargeBinary]: () => BLOB,
  [Type.BinaryView]: () => BLOB,
  [Type.FixedSizeBinary]: () => BLOB,
  [Type.Decimal]: ({ type: { precision, scale } }: Field<Decimal>) =>
    precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision
      ? DECIMAL(precision, scale)
      : undefined,
  // Arrow says that these are whole days, but apache-arrow makes them of any JavaScript Date.
  [Type.Date]: ({ type }: Field<Date_>) => (type.unit === DateUnit.DAY ? DATE : TIMESTAMP),
  [Type.Time]: ({ type }: Field<ArrowTime>) => (type.unit === TimeUnit.NANOSECOND ? TIME_NS : TIME),
  [Type.Timestamp]: ({ type }: Field<ArrowTimestamp>) => {
    if (typeof type.timezone === "string" && type.timezone !== "") return TIMESTAMPTZ;
    return [TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP, TIMESTAMP_NS][type.unit];
  },
  [Type.Interval]: () => INTERVAL,
  [Type.Duration]: () => INTERVAL,
  [Type.List]: listType,
  [Type.LargeList]: listType,
  [Type.FixedSizeList]: (field: Field<FixedSizeList>, column) => {
    const { listSize } = field.type;
    const item = naturalType(childFields(field as never)[0]!, column);
    return listSize >= 1 && listSize <= ARRAY_LENGTH_MAX ? ARRAY(item, listSize) : LIST(item);
  },
  [Type.Struct]: (field: Field<never>, column) => {
    const fields = namedFields(field, column);
    return fields === undefined ? undefined : new DuckDBStructType(fields.names, fields.types);
  },
  [Type.Map]: (field: Field<never>, column) => {
    const [key, value] = childFields(childFields(field)[0]!);
    return MAP(naturalType(key!, column), naturalType(value!, column));
  },
  [Type.Union]: (field: Field<never>, column) => {
    const fields = namedFields(field, column);
    return fields === undefined ? undefined : new DuckDBUnionType(fields.names, fields.types);
  },
  [Type.Dictionary]: ({ name, type, metadata }: Field<Dictionary>, column) =>
    naturalType({ name, type: type.dictionary, metadata } as Field, column),
};

function listType(field: Field<never>, column: string): DuckDBType {
  return LIST(naturalType(childFields(field)[0]!, column));
}

function namedFields(
  field: Field<never>,
  column: string,
): { readonly names: readonly string[]; readonly types: readonly DuckDBType[] } | undefined {
  const fields = childFields(field);
  if (fields.length === 0) return undefined;
  const names = fields.map(({ name }) => name);
  checkNames(names, "field");
  return { names, types: fields.map((child) => naturalType(child, column)) };
}
