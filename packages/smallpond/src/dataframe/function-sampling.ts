/** Finds out the columns of a function that nobody named, when something has to know them before it runs. */
import type { DatabaseConnection } from "../duckdb/database.ts";
import { SAMPLE_INPUTS } from "../execution/column-sample.ts";
import type { FunctionHost } from "../execution/function-task.ts";
import { sampleFunction } from "../execution/sample-function.ts";
import type { FunctionSpec, OutputColumn } from "../functions/spec.ts";
import type { FunctionNode } from "../logical/function.ts";
import { isFileScan, isRowWise, type LogicalNode } from "../logical/node.ts";

export interface SamplingHost {
  readonly calls: FunctionHost;
  readonly places: DatabaseConnection;
  readonly signal: AbortSignal;
  isStored(node: LogicalNode): boolean;
  /** Runs a node to its end and keeps its rows. */
  compute(node: LogicalNode): Promise<unknown>;
  /** The first so many rows of a node, or all, as a query on a connection of its own. */
  read(
    node: LogicalNode,
    rows: number | null,
  ): Promise<{ readonly connection: DatabaseConnection; readonly query: string } & AsyncDisposable>;
  placesOf(node: LogicalNode): Promise<string | null>;
  /** The columns when it returns nothing. */
  inputColumns(node: FunctionNode): Promise<readonly OutputColumn[]>;
}

/** Rows looked at in turn while none, or only NULLs, came back; in the end all of them. */
const ROUNDS: readonly (number | null)[] = [SAMPLE_INPUTS, SAMPLE_INPUTS * 64, null];

export async function sampleColumns(
  host: SamplingHost,
  node: FunctionNode,
  fn: FunctionSpec,
): Promise<readonly OutputColumn[]> {
  const input = node.inputs[0]!;
  // What costs much is computed once: the function itself reads it afterwards.
  if (!isCheap(input, host)) await host.compute(input);
  const places = { connection: host.places, sql: await host.placesOf(input) };
  for (const rows of ROUNDS) {
    await using reading = await host.read(input, rows);
    const sampled = await sampleFunction(host.calls, fn, { ...reading, places, signal: host.signal });
    const all = rows === null || sampled.inputs < rows;
    if (sampled.columns !== null && (sampled.isEnough || all)) return sampled.columns;
    if (all) break;
    // Only NULLs in some column: a larger sample may tell its type, all rows would cost as much as the function.
    if (sampled.columns !== null && rows !== SAMPLE_INPUTS) return sampled.columns;
  }
  return await host.inputColumns(node);
}

/** Whether the first rows cost little: sources, verbs that look at one row, and functions over such. */
function isCheap(node: LogicalNode, host: SamplingHost): boolean {
  if (host.isStored(node) || isFileScan(node) || node.kind === "values" || node.kind === "limit") return true;
  const onFirst =
    isRowWise(node) ||
    (node.kind === "function" && node.form === "map") ||
    (node.kind === "repartition" && node.spec.kind === "even");
  return onFirst && isCheap(node.inputs[0]!, host);
}
