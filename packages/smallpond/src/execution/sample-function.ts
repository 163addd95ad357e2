/** Calls a function for some rows to see which columns it returns. What it returns is thrown away. */
import type { Clock } from "@smallpond/base";
import { loadArrow } from "../arrow/lazy.ts";
import type { DatabaseConnection } from "../duckdb/database.ts";
import { rowBatches } from "../duckdb/rows.ts";
import type { Row } from "../duckdb/values/js-value.ts";
import type { FunctionSpec, OutputColumn } from "../functions/spec.ts";
import { KeptFailure } from "./call-attempts.ts";
import { ColumnSample, SAMPLE_INPUTS, SAMPLE_INPUTS_ASYNC } from "./column-sample.ts";
import { rowsReturned } from "./function-rows.ts";
import { caller, type FunctionHost, type FunctionRun, signalOfCalls } from "./function-task.ts";
import { isThenable, orderedCalls } from "./ordered-calls.ts";
import { placed } from "./row-failure.ts";

export interface SampleSource {
  readonly connection: DatabaseConnection;
  readonly query: string;
  /** For errors, on another connection. */
  readonly places: { readonly connection: DatabaseConnection; readonly sql: string | null };
  readonly signal: AbortSignal;
}

export interface Sampled {
  /** Null when no row was returned. */
  readonly columns: readonly OutputColumn[] | null;
  /** Whether more rows would only confirm it. */
  readonly isEnough: boolean;
  /** Rows that were looked at. */
  readonly inputs: number;
}

export async function sampleFunction(
  { functions, calls }: FunctionHost,
  fn: FunctionSpec,
  source: SampleSource,
): Promise<Sampled> {
  const leave = new AbortController();
  const signal = signalOfCalls([source.signal, leave.signal]);
  try {
    const call = caller(calls, await functions.open(fn), { fn }, signal);
    if (fn.form === "batches") return await sampleBatches(fn, source, call);
    return await sampleRows(fn, source, { call, clock: calls.clock, signal });
  } catch (error) {
    const partition = { index: 0, count: 1 };
    throw await placed(source.places.connection, { places: source.places.sql, partition }, error);
  } finally {
    leave.abort();
  }
}

async function sampleRows(
  fn: FunctionSpec,
  source: SampleSource,
  { call, clock, signal }: { readonly clock: Clock } & Pick<FunctionRun, "call" | "signal">,
): Promise<Sampled> {
  const sample = new ColumnSample(fn);
  const watched = (row: Row, index: number): unknown => {
    const result = call(row as never, index);
    if (isThenable(result)) sample.waited();
    return result;
  };
  const { concurrency } = fn.calls;
  const window = { clock, concurrency, waitingMax: concurrency, signal };
  let index = 0;
  for await (const results of orderedCalls(fewRows(fn, source), watched, window)) {
    for (const result of results) {
      for (const row of rowsReturned(fn, result, index)) {
        if (!(row instanceof KeptFailure)) sample.add(row);
      }
      sample.called();
      index++;
    }
    if (sample.isEnough) break;
  }
  return { columns: sample.columns(), isEnough: sample.isEnough, inputs: sample.inputs };
}

/** Batches that end as soon as the rows of an async function are enough. */
async function* fewRows(
  fn: FunctionSpec,
  { connection, query, signal }: SampleSource,
): AsyncGenerator<readonly Row[], void> {
  const result = await connection.stream(query, { signal });
  for await (const rows of rowBatches(result, { int64: fn.int64 })) {
    for (let at = 0; at < rows.length; at += SAMPLE_INPUTS_ASYNC)
      yield rows.slice(at, at + SAMPLE_INPUTS_ASYNC);
  }
}

async function sampleBatches(
  fn: FunctionSpec,
  { connection, query, signal }: SampleSource,
  call: FunctionRun["call"],
): Promise<Sampled> {
  const { arrowBatches, schemaOfArrow } = await loadArrow();
  const result = await connection.stream(query, { signal });
  const batchRows = Math.min(fn.batchRows, SAMPLE_INPUTS);
  for await (const table of arrowBatches(result, { batchRows })) {
    const returned = await call(table as never, 0);
    const columns = schemaOfArrow(returned, `what ${fn.name}() returned`);
    return {
      columns: columns.map((column) => ({ ...column, always: true })),
      isEnough: true,
      inputs: table.numRows,
    };
  }
  return { columns: null, isEnough: false, inputs: 0 };
}
