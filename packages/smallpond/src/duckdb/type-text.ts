/** DuckDB types as SQL text that DuckDB reads back as the same type. */
import {
  type DuckDBArrayType,
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBUnionType,
} from "@duckdb/node-api";
import { quoteName } from "./text.ts";

/** Like the client's `toString`, but keeps aliases such as JSON at every depth. */
export function typeText(type: DuckDBType): string {
  if (type.alias !== undefined) return type.alias;
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
      return `${typeText((type as DuckDBListType).valueType)}[]`;
    case DuckDBTypeId.ARRAY:
      return `${typeText((type as DuckDBArrayType).valueType)}[${(type as DuckDBArrayType).length}]`;
    case DuckDBTypeId.MAP:
      return `MAP(${typeText((type as DuckDBMapType).keyType)}, ${typeText((type as DuckDBMapType).valueType)})`;
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as DuckDBStructType;
      return `STRUCT(${entryNames.map((name, i) => fieldText(name, entryTypes[i]!)).join(", ")})`;
    }
    case DuckDBTypeId.UNION: {
      const { memberTags, memberTypes } = type as DuckDBUnionType;
      return `UNION(${memberTags.map((tag, i) => `${quoteName(tag)} ${typeText(memberTypes[i]!)}`).join(", ")})`;
    }
    default:
      return type.toString();
  }
}

/** A NULL of that type. Types with unnamed struct fields have no text DuckDB would read, so they get an expression. */
export function typedNull(type: DuckDBType): string {
  if (!hasUnnamedFields(type)) return `CAST(NULL AS ${typeText(type)})`;
  return `CASE WHEN false THEN ${sampleValue(type)} END`;
}

/** Whether DuckDB would read the text of a type back: it has no syntax for structs with unnamed fields. */
export function isReadableType(text: string): boolean {
  return !/STRUCT\((?!")/.test(text);
}

export function isUnnamedStruct(type: DuckDBStructType): boolean {
  return type.entryNames.some((name) => name === "");
}

/** The types directly inside a nested type; none for a scalar. */
export function childTypes(type: DuckDBType): readonly DuckDBType[] {
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return [(type as DuckDBListType | DuckDBArrayType).valueType];
    case DuckDBTypeId.MAP:
      return [(type as DuckDBMapType).keyType, (type as DuckDBMapType).valueType];
    case DuckDBTypeId.STRUCT:
      return (type as DuckDBStructType).entryTypes;
    case DuckDBTypeId.UNION:
      return (type as DuckDBUnionType).memberTypes;
    default:
      return [];
  }
}

function fieldText(name: string, type: DuckDBType): string {
  return name === "" ? typeText(type) : `${quoteName(name)} ${typeText(type)}`;
}

function hasUnnamedFields(type: DuckDBType): boolean {
  if (type.typeId === DuckDBTypeId.STRUCT && isUnnamedStruct(type as DuckDBStructType)) return true;
  return childTypes(type).some(hasUnnamedFields);
}

function sampleValue(type: DuckDBType): string {
  if (!hasUnnamedFields(type)) return `CAST(NULL AS ${typeText(type)})`;
  const children = childTypes(type).map(sampleValue);
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
      return `list_value(${children[0]})`;
    case DuckDBTypeId.ARRAY:
      return `array_value(${Array((type as DuckDBArrayType).length)
        .fill(children[0])
        .join(", ")})`;
    case DuckDBTypeId.MAP:
      return `map([${children[0]}], [${children[1]}])`;
    case DuckDBTypeId.STRUCT: {
      const struct = type as DuckDBStructType;
      if (isUnnamedStruct(struct)) return `row(${children.join(", ")})`;
      return `struct_pack(${struct.entryNames.map((name, i) => `${quoteName(name)} := ${children[i]}`).join(", ")})`;
    }
    default:
      return "NULL";
  }
}
