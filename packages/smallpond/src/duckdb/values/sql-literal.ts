/**
 * JavaScript values as SQL expressions: how values get into statements that DuckDB cannot bind parameters in.
 *
 * Every literal is one operand (a cast, a call, something in parentheses or a single token), so that it means the same
 * wherever an operand may stand, and every piece of text in it is quoted here.
 */
import {
  type DuckDBArrayType,
  type DuckDBDecimalType,
  type DuckDBGeometryType,
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  type DuckDBUnionType,
  DuckDBTypeId as Id,
} from "@duckdb/node-api";
import { assert } from "@smallpond/base";
import { quoteName } from "../text.ts";
import { isReadableType, isUnnamedStruct, typeText } from "../type-text.ts";
import {
  isPlainObject,
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
  toStruct,
  toText,
  toTicks,
  toTime,
  toUnion,
  toUuidBytes,
  toWkb,
} from "./coerce.ts";
import { Decimal } from "./decimal.ts";
import { Misfit, misfitError, valueError } from "./errors.ts";
import { inferType } from "./infer-type.ts";
import type { JsValue } from "./js-value.ts";
import { parseType } from "./parse-type.ts";
import { Timestamp, type TimestampOptions } from "./timestamp.ts";
import type { ColumnTypeId } from "./type-table.ts";
import { uuidText } from "./uuid.ts";
import { Variant } from "./variant.ts";

/**
 * The value as SQL. With a type (or its text) the literal has that type, and the value is checked against it. Without,
 * the type is the one that `docs/types.md` gives for the value: whole numbers are INTEGER or, beyond 32 bits, BIGINT;
 * other numbers DOUBLE; bigints BIGINT, HUGEINT, UHUGEINT or BIGNUM, whichever is the first to hold them.
 *
 * `undefined` is an error: it is a forgotten value more often than a NULL.
 */
export function sqlLiteral(value: JsValue, type?: DuckDBType | string): string {
  if (value === undefined) {
    const hint = "pass null for NULL, or check the name of the variable or field";
    throw valueError("UNDEFINED_VALUE", "undefined is no SQL value", {}, hint);
  }
  if (type === undefined && value === null) return "NULL";
  const resolved = typeof type === "string" ? parseType(type) : (type ?? inferType(value));
  try {
    return literal(value, resolved);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw misfitError(error, typeText(resolved), {});
  }
}

/** Text as an SQL expression. NUL characters, which SQL text cannot hold, become `chr(0)`. */
export function textLiteral(text: string): string {
  const parts = text.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts[0]! : `(${parts.join(" || chr(0) || ")})`;
}

type Literal = (value: unknown, type: never) => string;

function literal(value: unknown, type: DuckDBType): string {
  if (value === null || value === undefined)
    return isReadable(type) ? `CAST(NULL AS ${typeText(type)})` : "NULL";
  const make = LITERALS[type.typeId as ColumnTypeId];
  assert(make !== undefined, `no value has type ${type}`);
  return make(value, type as never);
}

const LITERALS: Readonly<Record<ColumnTypeId, Literal>> = {
  [Id.BOOLEAN]: (value) => String(toBoolean(value)),
  [Id.TINYINT]: integer(8, true),
  [Id.SMALLINT]: integer(16, true),
  [Id.INTEGER]: bareInteger,
  [Id.BIGINT]: integer(64, true),
  [Id.HUGEINT]: integer(128, true),
  [Id.UTINYINT]: integer(8, false),
  [Id.USMALLINT]: integer(16, false),
  [Id.UINTEGER]: integer(32, false),
  [Id.UBIGINT]: integer(64, false),
  [Id.UHUGEINT]: integer(128, false),
  [Id.BIGNUM]: (value, type) => cast(toBignum(value), type),
  [Id.FLOAT]: (value, type) => cast(numberText(toFloat(value)), type),
  [Id.DOUBLE]: (value, type) => cast(numberText(toNumber(value)), type),
  [Id.DECIMAL]: (value, type: DuckDBDecimalType) =>
    cast(new Decimal(toDecimalDigits(value, type), type), type),
  [Id.VARCHAR]: textOrJson,
  [Id.BLOB]: (value) => blob(toBytes(value)),
  [Id.BIT]: (value, type) => cast(toBits(value), type),
  [Id.DATE]: (value, type) => cast(toCalendarDate(value), type),
  [Id.TIME]: (value, type) => cast(toTime(value, "TIME"), type),
  [Id.TIME_NS]: (value, type) => cast(toTime(value, "TIME_NS"), type),
  [Id.TIME_TZ]: (value, type) => cast(toTime(value, "TIMETZ"), type),
  [Id.TIMESTAMP]: timestamp({ unit: "us" }),
  [Id.TIMESTAMP_S]: timestamp({ unit: "s" }),
  [Id.TIMESTAMP_MS]: timestamp({ unit: "ms" }),
  [Id.TIMESTAMP_NS]: timestamp({ unit: "ns" }),
  [Id.TIMESTAMP_TZ]: timestamp({ unit: "us", withTimeZone: true }),
  [Id.INTERVAL]: (value) => {
    const { months, days, micros } = toInterval(value);
    return `(to_months(${months}) + to_days(${days}) + to_microseconds(${micros}))`;
  },
  [Id.UUID]: (value, type) => cast(uuidText(toUuidBytes(value), 0), type),
  [Id.ENUM]: (value, type: DuckDBType & { readonly values: readonly string[] }) => {
    toEnumIndex(value, new Map(type.values.map((member, index) => [member, index])));
    return cast(String(value), type);
  },
  [Id.LIST]: (value, type: DuckDBListType) => castTo(items(toArray(value), type.valueType), type),
  [Id.ARRAY]: (value, type: DuckDBArrayType) =>
    castTo(items(toItems(value, type.length), type.valueType), type),
  [Id.STRUCT]: struct,
  [Id.MAP]: map,
  [Id.UNION]: (value, type: DuckDBUnionType) => {
    const { index, item } = toUnion(value, type.memberTags);
    const member = literal(item, type.memberTypes[index]!);
    return castTo(`union_value(${quoteName(type.memberTags[index]!)} := ${member})`, type);
  },
  [Id.SQLNULL]: (value) => {
    throw new Misfit(value, "it is not null");
  },
  [Id.VARIANT]: (value) => `CAST(${variant(value)} AS VARIANT)`,
  [Id.GEOMETRY]: (value, type: DuckDBGeometryType) => {
    const geometry = `ST_GeomFromWKB(${blob(toWkb(value))})`;
    return type.crs === undefined ? geometry : castTo(geometry, type);
  },
};

function cast(value: { toString(): string }, type: DuckDBType): string {
  return castTo(textLiteral(value.toString()), type);
}

/** Unnamed structs have no type text, and values that contain them go without a cast. */
function castTo(expression: string, type: DuckDBType): string {
  return isReadable(type) ? `CAST(${expression} AS ${typeText(type)})` : expression;
}

function isReadable(type: DuckDBType): boolean {
  return isReadableType(typeText(type));
}

function integer(bits: number, signed: boolean): Literal {
  return (value, type: DuckDBType) => cast(toInteger(value, bits, signed), type);
}

/** A plain number token is INTEGER by itself. A minus sign could form `--` with one before it, so it goes in quotes. */
function bareInteger(value: unknown, type: DuckDBType): string {
  const whole = toInteger(value, 32, true);
  return whole < 0n ? cast(whole, type) : String(whole);
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0.0" : String(value);
}

function textOrJson(value: unknown, type: DuckDBType): string {
  const text = textLiteral(toText(value, type));
  return type.alias === undefined ? text : castTo(text, type);
}

function blob(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("hex").replaceAll(/../g, "\\x$&");
  return `CAST('${text}' AS BLOB)`;
}

/** DuckDB refuses the text of nanoseconds before 1677-09-22, which it can hold nevertheless. */
function timestamp(options: TimestampOptions): Literal {
  return (value, type: DuckDBType) => {
    const moment = new Timestamp(toTicks(value, options), options);
    if (options.unit === "ns" && moment.isFinite) return `make_timestamp_ns(${moment.ticks})`;
    return cast(moment, type);
  };
}

function items(values: readonly unknown[], type: DuckDBType): string {
  return `[${Array.from(values, (value) => literal(value, type)).join(", ")}]`;
}

function struct(value: unknown, type: DuckDBStructType): string {
  const { entryNames, entryTypes } = type;
  const unnamed = isUnnamedStruct(type);
  // Only VARIANTs have objects without fields; this becomes one when it is cast.
  if (entryNames.length === 0) return "CAST('{}' AS JSON)";
  const values = unnamed ? toItems(value, entryTypes.length) : toStruct(value, entryNames);
  const fields = entryTypes.map((fieldType, index) => {
    const field = literal(values[index], fieldType);
    return unnamed ? field : `${quoteName(entryNames[index]!)} := ${field}`;
  });
  return unnamed ? `row(${fields.join(", ")})` : `struct_pack(${fields.join(", ")})`;
}

function map(value: unknown, type: DuckDBMapType): string {
  const entries = toMap(value, type.keyType);
  const keys = entries.map(([key]) => key);
  const values = entries.map(([, item]) => item);
  return castTo(`map(${items(keys, type.keyType)}, ${items(values, type.valueType)})`, type);
}

/** What to cast to VARIANT: a value with its own types, where a list of unlike items has items of type VARIANT. */
function variant(value: unknown): string {
  if (value instanceof Variant) return literal(value.value, parseType(value.type));
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, parseType("VARIANT"))).join(", ")}]`;
  if (value instanceof Map) return variant([...value].map(([key, item]) => ({ key, value: item })));
  if (!isPlainObject(value)) return literal(value, inferType(value));
  const fields = Object.entries(value).map(([name, part]) => {
    return `${quoteName(name)} := ${part === null || part === undefined ? "NULL" : variant(part)}`;
  });
  return fields.length === 0 ? "CAST('{}' AS JSON)" : `struct_pack(${fields.join(", ")})`;
}
