/**
 * The type table: one row for every type a DuckDB 1.5 column can have, and what it becomes in JavaScript, Arrow and
 * Parquet. `docs/types.md` shows this table and a test keeps the two the same; the code that converts is keyed by the
 * same ids, so that the compiler notices a type without a conversion.
 */
import { type DuckDBType, DuckDBTypeId as Id } from "@duckdb/node-api";

/** The type ids a column can have. The others exist only while DuckDB binds a query. */
export type ColumnTypeId = Exclude<
  Id,
  typeof Id.INVALID | typeof Id.ANY | typeof Id.STRING_LITERAL | typeof Id.INTEGER_LITERAL
>;

/** How DuckDB lays a column's values out in memory. `decimal` and `enum` have a width that depends on the type. */
export type PhysicalLayout = 1 | 2 | 4 | 8 | 16 | "decimal" | "enum" | "bytes" | "list" | "array" | "struct";

export interface TypeTableRow {
  /** The name DuckDB knows it by. */
  readonly name: string;
  readonly layout: PhysicalLayout;
  /** What a row holds. */
  readonly js: string;
  /** What else `loadRows` and `sqlLiteral` take for a column of this type. */
  readonly accepts: string;
  readonly arrow: string;
  /** The type that comes back from a Parquet file written by DuckDB's own COPY; `same` when none is lost. */
  readonly parquet: string;
}

export const TYPE_TABLE: Readonly<Record<ColumnTypeId, TypeTableRow>> = {
  [Id.BOOLEAN]: row("BOOLEAN", 1, "boolean", "", "Bool", "same"),
  [Id.TINYINT]: row("TINYINT", 1, "number", "bigint", "Int8", "same"),
  [Id.SMALLINT]: row("SMALLINT", 2, "number", "bigint", "Int16", "same"),
  [Id.INTEGER]: row("INTEGER", 4, "number", "bigint", "Int32", "same"),
  [Id.BIGINT]: row("BIGINT", 8, "bigint (1)", "safe integer", "Int64", "same"),
  [Id.HUGEINT]: row("HUGEINT", 16, "bigint (1)", "safe integer", "Decimal(38, 0) (2)", "DOUBLE: lossy"),
  [Id.UTINYINT]: row("UTINYINT", 1, "number", "bigint", "Uint8", "same"),
  [Id.USMALLINT]: row("USMALLINT", 2, "number", "bigint", "Uint16", "same"),
  [Id.UINTEGER]: row("UINTEGER", 4, "number", "bigint", "Uint32", "same"),
  [Id.UBIGINT]: row("UBIGINT", 8, "bigint (1)", "safe integer", "Uint64", "same"),
  [Id.UHUGEINT]: row(
    "UHUGEINT",
    16,
    "bigint (1)",
    "safe integer",
    "FixedSizeBinary(16) (2)",
    "DOUBLE: lossy",
  ),
  [Id.BIGNUM]: row("BIGNUM", "bytes", "bigint", "safe integer", "Utf8", "VARCHAR"),
  [Id.FLOAT]: row("FLOAT", 4, "number", "bigint if exact", "Float32", "same"),
  [Id.DOUBLE]: row("DOUBLE", 8, "number", "bigint if exact", "Float64", "same"),
  [Id.DECIMAL]: row(
    "DECIMAL",
    "decimal",
    "Decimal",
    "number (rounded), bigint, string",
    "Decimal(p, s)",
    "same",
  ),
  [Id.VARCHAR]: row("VARCHAR", "bytes", "string", "", "Utf8", "same"),
  [Id.BLOB]: row("BLOB", "bytes", "Uint8Array", "ArrayBuffer", "Binary", "same"),
  [Id.BIT]: row("BIT", "bytes", "Bits", "string of 0 and 1", "Utf8", "VARCHAR"),
  [Id.DATE]: row("DATE", 4, "CalendarDate (a Date)", "Date at midnight UTC, string", "DateDay", "same"),
  [Id.TIME]: row("TIME", 8, "Time", "string", "TimeMicrosecond", "same"),
  [Id.TIME_NS]: row("TIME_NS", 8, "Time", "string", "TimeNanosecond", "VARCHAR"),
  [Id.TIME_TZ]: row("TIMETZ", 8, "Time", "string", "Utf8", "TIMETZ in UTC: lossy"),
  [Id.TIMESTAMP]: row("TIMESTAMP", 8, "Timestamp (a Date)", "Date, string", "TimestampMicrosecond", "same"),
  [Id.TIMESTAMP_S]: row(
    "TIMESTAMP_S",
    8,
    "Timestamp (a Date)",
    "Date, string",
    "TimestampSecond",
    "TIMESTAMP",
  ),
  [Id.TIMESTAMP_MS]: row(
    "TIMESTAMP_MS",
    8,
    "Timestamp (a Date)",
    "Date, string",
    "TimestampMillisecond",
    "TIMESTAMP",
  ),
  [Id.TIMESTAMP_NS]: row(
    "TIMESTAMP_NS",
    8,
    "Timestamp (a Date)",
    "Date, string",
    "TimestampNanosecond",
    "same",
  ),
  [Id.TIMESTAMP_TZ]: row(
    "TIMESTAMPTZ",
    8,
    "Timestamp (a Date)",
    "Date, string",
    "TimestampMicrosecond, UTC",
    "same",
  ),
  [Id.INTERVAL]: row("INTERVAL", 16, "Interval", "", "IntervalMonthDayNano (3)", "INTERVAL in ms: lossy (7)"),
  [Id.UUID]: row("UUID", 16, "string", "", "FixedSizeBinary(16), arrow.uuid", "same"),
  [Id.ENUM]: row("ENUM", "enum", "string", "", "Dictionary(Utf8)", "VARCHAR"),
  [Id.LIST]: row("LIST", "list", "Array", "typed array", "List", "same"),
  [Id.ARRAY]: row("ARRAY", "array", "Array", "typed array", "FixedSizeList", "LIST"),
  [Id.STRUCT]: row("STRUCT", "struct", "object; unnamed: Array", "", "Struct", "same"),
  [Id.MAP]: row("MAP", "list", "Map", "object, if keys are VARCHAR", "Map", "same"),
  [Id.UNION]: row("UNION", "struct", "{ tag, value }", "", "SparseUnion (4)", "STRUCT"),
  [Id.SQLNULL]: row("NULL", 4, "null", "", "Null", "INTEGER"),
  [Id.VARIANT]: row(
    "VARIANT",
    "struct",
    "Variant",
    "any value with an inferred type",
    "Struct of its parts (5)",
    "VARIANT: lossy (6)",
  ),
  [Id.GEOMETRY]: row(
    "GEOMETRY",
    "bytes",
    "Uint8Array (WKB)",
    "",
    "Binary, geoarrow.wkb",
    "GEOMETRY('OGC:CRS84')",
  ),
};

/** JSON is no type of its own to DuckDB but a VARCHAR with an alias. */
export const JSON_ROW: TypeTableRow = row(
  "JSON",
  "bytes",
  "string (its text)",
  "",
  "Utf8, arrow.json",
  "same",
);

/** The table's row for a type id, or undefined for ids that no column has. */
export function typeTableRow(id: Id): TypeTableRow | undefined {
  return (TYPE_TABLE as Partial<Record<Id, TypeTableRow>>)[id];
}

/** Whether the type is the VARCHAR that DuckDB calls JSON. */
export function isJson(type: DuckDBType): boolean {
  return type.typeId === Id.VARCHAR && type.alias === "JSON";
}

function row(
  name: string,
  layout: PhysicalLayout,
  js: string,
  accepts: string,
  arrow: string,
  parquet: string,
): TypeTableRow {
  return { name, layout, js, accepts, arrow, parquet };
}
