/**
 * How a column of any DuckDB type is kept in Parquet without losing its type or precision (invariant S5).
 *
 * Parquet as DuckDB writes it turns HUGEINT into DOUBLE, cuts the microseconds of an INTERVAL, shifts a TIMETZ to
 * UTC and forgets BIT, ENUM, ARRAY, UNION, BIGNUM, GEOMETRY, TIME_NS, TIMESTAMP_S and TIMESTAMP_MS. Such leaves are stored in a
 * form that Parquet keeps, at any depth inside nested types, and turned back when read. The original type is in the
 * plan and in the file's footer.
 */
import { type DuckDBArrayType, type DuckDBType, DuckDBTypeId, type DuckDBUnionType } from "@duckdb/node-api";
import type { BoundSchema } from "./database.ts";
import { mapList, mapNested, unlessNull } from "./map-nested.ts";
import { quoteName, quoteText } from "./text.ts";
import { childTypes, typedNull, typeText } from "./type-text.ts";

export interface StoredColumn {
  readonly name: string;
  /** The DuckDB type people see. */
  readonly type: string;
  /** SQL for a NULL of that type. */
  readonly nullSql: string;
  /** SQL from the column to what is written, or null where Parquet keeps the type by itself. */
  readonly encode: string | null;
  /** SQL from what is read, the column of the same name, to the original. */
  readonly decode: string | null;
}

export function storedColumns(schema: BoundSchema): StoredColumn[] {
  return schema.map(({ name, tree }) => {
    const lossy = isLossy(tree);
    return {
      name,
      type: typeText(tree),
      nullSql: typedNull(tree),
      encode: lossy ? encode(tree, quoteName(name), 0) : null,
      decode: lossy ? decode(tree, quoteName(name), 0) : null,
    };
  });
}

/** Whether every column is written as it is, so that the files may be handed to people. */
export function isPlain(columns: readonly StoredColumn[]): boolean {
  return columns.every((column) => column.encode === null && column.decode === null);
}

/** `SELECT` list that writes the columns of a relation. */
export function encodeList(columns: readonly StoredColumn[]): string {
  return columns.map((column) => select(column.encode, column.name)).join(", ");
}

/** `SELECT` list that reads them back. */
export function decodeList(columns: readonly StoredColumn[]): string {
  return columns.map((column) => select(column.decode, column.name)).join(", ");
}

/** A relation of these columns without rows. */
export function emptyStored(columns: readonly StoredColumn[]): string {
  return `SELECT ${columns.map((column) => select(column.nullSql, column.name)).join(", ")} WHERE false`;
}

function select(sql: string | null, name: string): string {
  return sql === null ? quoteName(name) : `${sql} AS ${quoteName(name)}`;
}

/** How a scalar is stored when Parquet does not keep it: as text, as well-known binary, or as Parquet's nearest type. */
const LOSSY_SCALARS: ReadonlyMap<DuckDBTypeId, "text" | "nearest" | "wkb"> = new Map([
  [DuckDBTypeId.HUGEINT, "text"],
  [DuckDBTypeId.UHUGEINT, "text"],
  [DuckDBTypeId.BIGNUM, "text"],
  [DuckDBTypeId.BIT, "text"],
  [DuckDBTypeId.INTERVAL, "text"],
  [DuckDBTypeId.TIME_TZ, "text"],
  [DuckDBTypeId.TIME_NS, "text"],
  // Parquet has no seconds, and on the way to microseconds DuckDB refuses infinity.
  [DuckDBTypeId.TIMESTAMP_S, "text"],
  [DuckDBTypeId.TIMESTAMP_MS, "nearest"],
  [DuckDBTypeId.ENUM, "nearest"],
  // Comes back with a coordinate system it did not have, and inside nested types as BLOB.
  [DuckDBTypeId.GEOMETRY, "wkb"],
]);

function isLossy(type: DuckDBType): boolean {
  if (LOSSY_SCALARS.has(type.typeId)) return true;
  if (type.typeId === DuckDBTypeId.ARRAY || type.typeId === DuckDBTypeId.UNION) return true;
  return childTypes(type).some(isLossy);
}

function encode(type: DuckDBType, sql: string, depth: number): string {
  if (!isLossy(type)) return sql;
  const form = LOSSY_SCALARS.get(type.typeId);
  if (form === "text") return `CAST(${sql} AS VARCHAR)`;
  if (form !== undefined) return form === "wkb" ? `ST_AsWKB(${sql})` : sql;
  if (type.typeId === DuckDBTypeId.UNION) return encodeUnion(type as DuckDBUnionType, sql, depth);
  if (type.typeId === DuckDBTypeId.ARRAY) {
    const { valueType } = type as DuckDBArrayType;
    return isLossy(valueType) ? mapList(valueType, sql, depth, encode) : sql;
  }
  return mapNested(type, sql, depth, encode);
}

function decode(type: DuckDBType, sql: string, depth: number): string {
  if (!isLossy(type)) return sql;
  const form = LOSSY_SCALARS.get(type.typeId);
  if (form === "wkb") return `CAST(ST_GeomFromWKB(${sql}) AS ${typeText(type)})`;
  if (form !== undefined) return `CAST(${sql} AS ${typeText(type)})`;
  if (type.typeId === DuckDBTypeId.UNION) return decodeUnion(type as DuckDBUnionType, sql, depth);
  if (type.typeId === DuckDBTypeId.ARRAY) {
    const { valueType, length } = type as DuckDBArrayType;
    const list = isLossy(valueType) ? mapList(valueType, sql, depth, decode) : sql;
    return `CAST(${list} AS ${typeText(valueType)}[${length}])`;
  }
  return mapNested(type, sql, depth, decode);
}

/** A union becomes a struct of its tag and one field per member, of which at most one is set. */
function encodeUnion(type: DuckDBUnionType, sql: string, depth: number): string {
  const members = type.memberTags.map((tag, i) => {
    const member = `union_extract(${sql}, ${quoteText(tag)})`;
    return `m${i} := ${encode(type.memberTypes[i]!, member, depth)}`;
  });
  return unlessNull(
    type,
    sql,
    `struct_pack(tag := CAST(union_tag(${sql}) AS VARCHAR), ${members.join(", ")})`,
  );
}

function decodeUnion(type: DuckDBUnionType, sql: string, depth: number): string {
  const text = typeText(type);
  const cases = type.memberTags.map((tag, i) => {
    const member = decode(type.memberTypes[i]!, `struct_extract(${sql}, 'm${i}')`, depth);
    return `CAST(union_value(${quoteName(tag)} := ${member}) AS ${text})`;
  });
  const tags = type.memberTags.map(quoteText).join(", ");
  return `list_extract([${cases.join(", ")}], list_position([${tags}], struct_extract(${sql}, 'tag')))`;
}

/** Footer entries that keep the original types of columns which are stored as something else. */
export function decodedMetadata(columns: readonly StoredColumn[]): Readonly<Record<string, string>> {
  const changed = columns.filter((column) => column.decode !== null);
  if (changed.length === 0) return {};
  return { "pond.types": JSON.stringify(Object.fromEntries(changed.map(({ name, type }) => [name, type]))) };
}
