/** What fields say about themselves beyond their Arrow type, so that a round trip through Arrow loses no type. */
import type { DuckDBType } from "@duckdb/node-api";
import { parseType } from "../duckdb/values/parse-type.ts";

/** Metadata key of the DuckDB type, on top-level fields. */
export const TYPE_KEY = "duckdb:type";
const EXTENSION_KEY = "ARROW:extension:name";
const EXTENSION_METADATA_KEY = "ARROW:extension:metadata";

/** Arrow's canonical names for types that other tools know too, on fields of every level. */
export const EXTENSIONS = { UUID: "arrow.uuid", JSON: "arrow.json", GEOMETRY: "geoarrow.wkb" } as const;

export type ExtensionName = (typeof EXTENSIONS)[keyof typeof EXTENSIONS];

export function extensionMetadata(name: ExtensionName | undefined): Map<string, string> {
  if (name === undefined) return new Map();
  return new Map([
    [EXTENSION_KEY, name],
    [EXTENSION_METADATA_KEY, name === "arrow.uuid" ? "" : "{}"],
  ]);
}

export function extensionOf(metadata: ReadonlyMap<string, string>): string | undefined {
  return metadata.get(EXTENSION_KEY);
}

/** The type that the metadata names. Text that names none counts as absent: metadata may come from anywhere. */
export function declaredTypeOf(metadata: ReadonlyMap<string, string>): DuckDBType | undefined {
  const text = metadata.get(TYPE_KEY);
  if (text === undefined) return undefined;
  try {
    return parseType(text);
  } catch {
    return undefined;
  }
}
