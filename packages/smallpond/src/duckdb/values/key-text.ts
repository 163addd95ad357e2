/** Text that is equal for map keys that DuckDB takes for equal. */
import type { DuckDBType } from "@duckdb/node-api";
import { describeValue } from "./errors.ts";
import { Timestamp } from "./timestamp.ts";

/** For keys of one type; keys that cannot be of that type may collide, and are refused elsewhere. */
export function keyText(key: unknown, type: DuckDBType): string {
  if (typeof key === "string") return key;
  if (typeof key === "number" || typeof key === "bigint" || typeof key === "boolean") return String(key);
  if (key instanceof Timestamp) return String(key.nanos);
  if (key instanceof Date) return key.toISOString();
  if (key instanceof Uint8Array) return Buffer.from(key).toString("latin1");
  if (Array.isArray(key)) return `[${key.map((item) => JSON.stringify(keyText(item, type))).join()}]`;
  if (typeof key !== "object" || key === null) return describeValue(key);
  const own = Object.getPrototypeOf(key) === Object.prototype;
  if (!own) return String(key);
  return JSON.stringify(Object.entries(key).map(([name, part]) => [name, keyText(part, type)]));
}
