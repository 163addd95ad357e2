/**
 * JSON values inside other JSON, digit for digit. `to_json` reads them and writes them anew: 2.50 becomes 2.5, and of
 * a number of thirty digits seventeen are left.
 */
import {
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from "@duckdb/node-api";
import { quoteText } from "./text.ts";
import { childTypes } from "./type-text.ts";

/** Whether there is a value of type JSON in it. */
export function keepsJson(type: DuckDBType): boolean {
  return type.alias === "JSON" || childTypes(type).some(keepsJson);
}

/** SQL for the JSON text of a value, `null` for NULL. */
export function jsonText(type: DuckDBType, sql: string, depth: number): string {
  return `coalesce(${valueText(type, sql, depth)}, 'null')`;
}

function valueText(type: DuckDBType, sql: string, depth: number): string {
  if (!keepsJson(type)) return `CAST(to_json(${sql}) AS VARCHAR)`;
  // Inside of its strings JSON has no line ends, and between its parts they mean nothing.
  if (type.alias === "JSON") return `translate(CAST(${sql} AS VARCHAR), chr(10) || chr(13), '  ')`;
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
