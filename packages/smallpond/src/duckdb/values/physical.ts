/** How the values of a type lie in DuckDB's memory: their layout, and the types of the vectors inside. */
import {
  BLOB,
  type DuckDBArrayType,
  type DuckDBDecimalType,
  type DuckDBEnumType,
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  type DuckDBUnionType,
  DuckDBTypeId as Id,
  LIST,
  STRUCT,
  UINTEGER,
  UTINYINT,
  VARCHAR,
} from "@duckdb/node-api";
import { assert } from "@smallpond/base";
import { typeTableRow } from "./type-table.ts";

export type Physical =
  | { readonly kind: "fixed"; readonly width: number }
  | { readonly kind: "bytes"; readonly text: boolean }
  | { readonly kind: "list"; readonly child: DuckDBType }
  | { readonly kind: "array"; readonly child: DuckDBType; readonly size: number }
  | { readonly kind: "struct"; readonly children: readonly DuckDBType[] };

/** What a VARIANT is made of: a tree in arrays. `values[0]` is the root; see `variant-decode.ts`. */
export const VARIANT_PARTS: DuckDBStructType = STRUCT({
  keys: LIST(VARCHAR),
  children: LIST(STRUCT({ keys_index: UINTEGER, values_index: UINTEGER })),
  values: LIST(STRUCT({ type_id: UTINYINT, byte_offset: UINTEGER })),
  data: BLOB,
});

/** The physical layout of a type. */
export function physicalOf(type: DuckDBType): Physical {
  const layout = typeTableRow(type.typeId)?.layout;
  assert(layout !== undefined, `no column has type ${type}`);
  switch (layout) {
    case "bytes":
      return { kind: "bytes", text: type.typeId === Id.VARCHAR };
    case "list":
      return { kind: "list", child: listChild(type as DuckDBListType | DuckDBMapType) };
    case "array":
      return {
        kind: "array",
        child: (type as DuckDBArrayType).valueType,
        size: (type as DuckDBArrayType).length,
      };
    case "struct":
      return { kind: "struct", children: structChildren(type) };
    case "decimal":
      return { kind: "fixed", width: decimalWidth(type as DuckDBDecimalType) };
    case "enum":
      return { kind: "fixed", width: enumWidth(type as DuckDBEnumType) };
    default:
      return { kind: "fixed", width: layout };
  }
}

/** A map is a list of these. */
export function mapEntryType(type: DuckDBMapType): DuckDBStructType {
  return STRUCT({ key: type.keyType, value: type.valueType });
}

function listChild(type: DuckDBListType | DuckDBMapType): DuckDBType {
  return type.typeId === Id.MAP ? mapEntryType(type as DuckDBMapType) : (type as DuckDBListType).valueType;
}

function structChildren(type: DuckDBType): readonly DuckDBType[] {
  if (type.typeId === Id.VARIANT) return VARIANT_PARTS.entryTypes;
  // A union is a struct whose first field says which of the others counts.
  if (type.typeId === Id.UNION) return [UTINYINT, ...(type as DuckDBUnionType).memberTypes];
  return (type as DuckDBStructType).entryTypes;
}

function decimalWidth(type: DuckDBDecimalType): number {
  if (type.width <= 4) return 2;
  if (type.width <= 9) return 4;
  return type.width <= 18 ? 8 : 16;
}

function enumWidth(type: DuckDBEnumType): number {
  if (type.internalTypeId === Id.UTINYINT) return 1;
  return type.internalTypeId === Id.USMALLINT ? 2 : 4;
}
