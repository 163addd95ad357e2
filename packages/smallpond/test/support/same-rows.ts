/** Two results as multisets of rows: types and values exact, order-dependent float sums within a tolerance. */
import type { PipelineColumn } from "../../src/testing/index.ts";

/** Relative difference allowed in columns of role `approx`, which sum floats in any order. */
const TOLERANCE = 1e-9;

/** A query over `from` that turns every row into text that says all there is to say about it. */
export function textQuery(columns: readonly PipelineColumn[], from: string): string {
  const exact = columns.filter((column) => column.role !== "approx").map(({ name }) => textOf(name));
  const approx = columns
    .filter((column) => column.role === "approx")
    .map(({ name }) => `CAST(${quote(name)} AS DOUBLE)`);
  return `SELECT [${exact.join(", ")}]::VARCHAR[]::VARCHAR AS exact, [${approx.join(", ")}]::DOUBLE[] AS approx FROM ${from}`;
}

function textOf(name: string): string {
  return `typeof(${quote(name)}) || ' ' || coalesce(CAST(${quote(name)} AS VARCHAR), '⊥')`;
}

export interface TextRow {
  readonly exact: string;
  readonly approx: readonly (number | null)[];
}

/** The differences, or none. */
export function differences(expected: readonly TextRow[], actual: readonly TextRow[]): string[] {
  const left = expected.toSorted(compare);
  const right = actual.toSorted(compare);
  const found: string[] = [];
  if (left.length !== right.length) found.push(`${left.length} rows expected, ${right.length} found`);
  for (let i = 0; i < Math.max(left.length, right.length) && found.length < 6; i++) {
    const [one, other] = [left[i], right[i]];
    const same =
      one?.exact === other?.exact &&
      (one?.approx ?? []).every((value, k) => near(value, other?.approx[k] ?? null));
    if (!same) found.push(`row ${i}: expected ${JSON.stringify(one)}, found ${JSON.stringify(other)}`);
  }
  return found;
}

function near(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Object.is(a, b) || Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}

function compare(a: TextRow, b: TextRow): number {
  if (a.exact !== b.exact) return a.exact < b.exact ? -1 : 1;
  for (const [i, value] of a.approx.entries()) {
    const other = b.approx[i] ?? null;
    if (value !== other) return (value ?? -Infinity) < (other ?? -Infinity) ? -1 : 1;
  }
  return 0;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
