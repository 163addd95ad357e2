import { PondError } from "@smallpond/base";
import type { Table } from "apache-arrow";
import { describeValue } from "../duckdb/values/errors.ts";

/**
 * Asserts that the value is Arrow data; `what` names it in the error. Also for tables of another copy of apache-arrow,
 * which are instances of another class.
 */
export function expectArrow(value: unknown, what: string): asserts value is Table {
  if (typeof value === "object" && value !== null && "schema" in value && "batches" in value) return;
  throw new PondError("UNSUPPORTED_VALUE", {
    kind: "invalid",
    message: `${what} is ${describeValue(value)}, not an Arrow table`,
    hint: "pass a Table of apache-arrow, or rows",
  });
}
