/** The SQL that gives a row's partition number, an INTEGER from 0 to n - 1. */
import { PondError } from "@smallpond/base";
import type { SortKey } from "../duckdb/sort-keys.ts";
import { canonicalType } from "./canonical-type.ts";
import { inParens } from "./verbs.ts";

/** `hash(k1::T1, k2::T2) mod n`: DuckDB's hash over canonical types. NULL is a key like any other. */
export function hashExpression(keys: readonly string[], types: readonly string[], count: number): string {
  const casts = keys.map((key, i) => `CAST(${inParens(key)} AS ${types[i]!})`);
  return `CAST(hash(${casts.join(", ")}) % ${count} AS INTEGER)`;
}

/** How the error of a key that is no partition begins. */
export const BAD_PARTITION_KEY = "repartition key";

const INTEGERS = new Set(["BIGINT", "HUGEINT"]);

/** The value itself, checked: a key out of range or NULL stops the job and is named. */
export function columnExpression(expression: string, type: string, count: number): string {
  if (!INTEGERS.has(canonicalType(type))) {
    throw new PondError("PARTITION_KEY", {
      kind: "invalid",
      message: `repartition by ${expression} needs an integer, but it is ${type}`,
      details: { expression, type },
      hint: "partition by any value with { hashBy }",
    });
  }
  const value = inParens(expression);
  const message = `'${BAD_PARTITION_KEY} ' || coalesce(CAST(${value} AS VARCHAR), 'NULL') || ' is out of range: the ${count} partitions are 0 to ${count - 1}'`;
  return `CASE WHEN ${value} BETWEEN 0 AND ${count - 1} THEN CAST(${value} AS INTEGER) ELSE CAST(error(${message}) AS INTEGER) END`;
}

/** A draw per row. With a seed the draw depends on the row's position, so that it repeats. */
export function randomExpression(count: number, seed: number | null): string {
  if (seed === null) return `CAST(floor(random() * ${count}) AS INTEGER)`;
  return `CAST(hash(row_number() OVER (), ${seed}) % ${count} AS INTEGER)`;
}

/** One comparable BLOB for a list of sort keys. */
export function sortKeyExpression(keys: readonly SortKey[]): string {
  const parts = keys.map((key) => `${inParens(key.expression)}, '${key.order}'`);
  // Keys that fit in 8 bytes would come as a BIGINT; one more constant key changes no order and makes them long.
  return `create_sort_key(${parts.join(", ")}, 0::BIGINT, 'ASC NULLS LAST')`;
}

/** How many of the sorted bounds are not above `key`, found by halving. */
export function rangeExpression(key: string, bounds: readonly string[]): string {
  const search = (low: number, high: number): string => {
    if (low === high) return String(low);
    const middle = (low + high) >> 1;
    const below = search(low, middle);
    const above = search(middle + 1, high);
    return `CASE WHEN ${key} < unhex('${bounds[middle]!}') THEN ${below} ELSE ${above} END`;
  };
  return `CAST(${search(0, bounds.length)} AS INTEGER)`;
}

/** `count - 1` bounds that cut a sorted sample (hex of sort keys) into equal parts. */
export function boundsOf(sample: readonly string[], count: number): string[] {
  const sorted = [...sample].sort();
  return Array.from(
    { length: count - 1 },
    (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / count)],
  ).filter((bound) => bound !== undefined);
}
