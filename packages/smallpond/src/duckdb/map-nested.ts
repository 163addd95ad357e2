/** SQL that rebuilds nested values with their leaves changed. */
import {
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from "@duckdb/node-api";
import { quoteName, quoteText } from "./text.ts";
import { childTypes, isUnnamedStruct } from "./type-text.ts";

/** SQL that turns a value of some type, given as SQL, into another. `depth` tells the names of lambdas apart. */
export type Change = (type: DuckDBType, sql: string, depth: number) => string;

/** The same LIST, MAP or STRUCT with its children changed. */
export function mapNested(type: DuckDBType, sql: string, depth: number, change: Change): string {
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
      return mapList((type as DuckDBListType).valueType, sql, depth, change);
    case DuckDBTypeId.MAP: {
      const { keyType, valueType } = type as DuckDBMapType;
      const entry = `e${depth}`;
      const pair = `struct_pack(k := ${change(keyType, `${entry}.key`, depth + 1)}, v := ${change(valueType, `${entry}.value`, depth + 1)})`;
      return unlessNull(
        type,
        sql,
        `map_from_entries(list_transform(map_entries(${sql}), lambda ${entry}: ${pair}))`,
      );
    }
    case DuckDBTypeId.STRUCT: {
      const struct = type as DuckDBStructType;
      const unnamed = isUnnamedStruct(struct);
      const fields = struct.entryNames.map((name, i) => {
        const field = `struct_extract(${sql}, ${unnamed ? i + 1 : quoteText(name)})`;
        const changed = change(struct.entryTypes[i]!, field, depth);
        return unnamed ? changed : `${quoteName(name)} := ${changed}`;
      });
      return unlessNull(type, sql, `${unnamed ? "row" : "struct_pack"}(${fields.join(", ")})`);
    }
    default:
      return sql;
  }
}

/** A list of the changed items. */
export function mapList(valueType: DuckDBType, sql: string, depth: number, change: Change): string {
  const item = `x${depth}`;
  return `list_transform(${sql}, lambda ${item}: ${change(valueType, item, depth + 1)})`;
}

/** DuckDB has no CASE over types with an ARRAY in them; a list of one, or nothing of it, says the same. */
export function unlessNull(type: DuckDBType, sql: string, then: string): string {
  if (hasArray(type)) return `list_extract([${then}], CASE WHEN ${sql} IS NULL THEN NULL ELSE 1 END)`;
  return `CASE WHEN ${sql} IS NULL THEN NULL ELSE ${then} END`;
}

function hasArray(type: DuckDBType): boolean {
  return type.typeId === DuckDBTypeId.ARRAY || childTypes(type).some(hasArray);
}
