/**
 * The type a hash key is cast to before it is hashed.
 *
 * DuckDB's `hash(-1::INTEGER)` is not `hash(-1::BIGINT)`, so equal values of different widths would go to different
 * partitions. Keys are therefore widened within their family; two frames are co-partitioned when the widened types
 * are equal.
 */
export function canonicalType(type: string): string {
  const upper = type.toUpperCase();
  const exact = CANONICAL[upper];
  if (exact !== undefined) return exact;
  const scale = /^DECIMAL\(\d+,\s*(\d+)\)$/.exec(upper)?.[1];
  if (scale !== undefined) return `DECIMAL(38,${scale})`;
  if (upper.startsWith("ENUM(")) return "VARCHAR";
  return type;
}

/** The canonical type both sides of a comparison fit in, or undefined when there is none we can name. */
export function commonHashType(a: string, b: string): string | undefined {
  const left = canonicalType(a);
  const right = canonicalType(b);
  if (left === right) return left;
  const ranks = [WIDENING.indexOf(left), WIDENING.indexOf(right)];
  if (ranks.every((rank) => rank >= 0)) return WIDENING[Math.max(...ranks)];
  const times = [TIMESTAMPS.indexOf(left), TIMESTAMPS.indexOf(right)];
  if (times.every((rank) => rank >= 0)) return TIMESTAMPS[Math.max(...times)];
  return undefined;
}

const CANONICAL: Readonly<Record<string, string>> = {
  TINYINT: "BIGINT",
  SMALLINT: "BIGINT",
  INTEGER: "BIGINT",
  BIGINT: "BIGINT",
  UTINYINT: "BIGINT",
  USMALLINT: "BIGINT",
  UINTEGER: "BIGINT",
  UBIGINT: "HUGEINT",
  HUGEINT: "HUGEINT",
  FLOAT: "DOUBLE",
  DOUBLE: "DOUBLE",
  TIMESTAMP_S: "TIMESTAMP",
  TIMESTAMP_MS: "TIMESTAMP",
  JSON: "VARCHAR",
};

/** Each holds, or is compared as, every earlier one. */
const WIDENING = ["BIGINT", "HUGEINT", "DOUBLE"];
const TIMESTAMPS = ["DATE", "TIMESTAMP"];
