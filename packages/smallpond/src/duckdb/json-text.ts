/**
 * JSON text of values that `to_json` spoils: JSON inside other JSON is read and written anew, so that of a number of
 * thirty digits seventeen are left, and decimals without digits before the point (`.5`) are no JSON at all.
 */
import {
  type DuckDBDecimalType,
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from "@duckdb/node-api";
import { quoteText } from "./text.ts";
import { childTypes } from "./type-text.ts";

/** Whether `to_json` would spoil values of the type. */
export function needsOwnText(type: DuckDBType): boolean {
  return type.alias === "JSON" || isFraction(type) || childTypes(type).some(needsOwnText);
}

function isFraction(type: DuckDBType): boolean {
  if (type.typeId !== DuckDBTypeId.DECIMAL) return false;
  const { width, scale } = type as DuckDBDecimalType;
  return width === scale;
}

/** SQL for the JSON text of a value, `null` for NULL. */
export function jsonText(type: DuckDBType, sql: string, depth: number): string {
  return `coalesce(${valueText(type, sql, depth)}, 'null')`;
}

function valueText(type: DuckDBType, sql: string, depth: number): string {
  if (!needsOwnText(type)) return `CAST(to_json(${sql}) AS VARCHAR)`;
  // Inside of its strings JSON has no line ends, and between its parts they mean nothing.
  if (type.alias === "JSON") return `translate(CAST(${sql} AS VARCHAR), chr(10) || chr(13), '  ')`;
  if (isFraction(type)) return `regexp_replace(CAST(${sql} AS VARCHAR), '^(-?)[.]', '\\10.')`;
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY: {
      const item = `j${depth}`;
      const text = jsonText((type as DuckDBListType).valueType, item, depth + 1);
      return `'[' || array_to_string(list_transform(${sql}, lambda ${item}: ${text}), ',') || ']'`;
    }
    case DuckDBTypeId.MAP: {
      const entry = `j${depth}`;
      const text = jsonText((type as DuckDBMapType).valueType, `${entry}.value`, depth + 1);
      const pair = `CAST(to_json(CAST(${entry}.key AS VARCHAR)) AS VARCHAR) || ':' || ${text}`;
      return `'{' || array_to_string(list_transform(map_entries(${sql}), lambda ${entry}: ${pair}), ',') || '}'`;
    }
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as DuckDBStructType;
      const fields = entryNames.map((name, i) => {
        const text = jsonText(entryTypes[i]!, `struct_extract(${sql}, ${quoteText(name)})`, depth + 1);
        return `${quoteText(`${JSON.stringify(name)}:`)} || ${text}`;
      });
      return `CASE WHEN ${sql} IS NOT NULL THEN '{' || ${fields.join(" || ',' || ")} || '}' END`;
    }
    default:
      return `CAST(to_json(${sql}) AS VARCHAR)`;
  }
}
