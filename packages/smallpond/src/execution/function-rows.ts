/** `map` and `flatMap`: row objects to row objects. */
import type { Schema } from "../duckdb/schema.ts";
import { typeText } from "../duckdb/type-text.ts";
import { columnChunksAhead } from "../duckdb/values/column-chunks.ts";
import type { Row } from "../duckdb/values/js-value.ts";
import { rowConverter } from "../duckdb/values/row-converter.ts";
import type { InputRow } from "../duckdb/values/row-encoder.ts";
import type { FunctionSpec } from "../functions/spec.ts";
import { KeptFailure } from "./call-attempts.ts";
import { FunctionOutput } from "./function-output.ts";
import type { FunctionRun } from "./function-task.ts";
import { isThenable, orderedCalls } from "./ordered-calls.ts";
import { notRows } from "./row-failure.ts";
import type { WrittenFile } from "./task.ts";

/** Results that may wait behind a slow call. */
const WAITING_MAX = 4_096;

export async function produceRows(run: FunctionRun): Promise<WrittenFile[]> {
  const { context, task, signal } = run;
  const input = await inputRows(run);
  const output = new FunctionOutput(context, task, input.schema);
  const call = (row: Row, index: number): unknown => {
    const result = run.call(row as never, index);
    if (isThenable(result)) output.sample?.waited();
    return result;
  };
  const { clock } = context.calls;
  const window = { clock, concurrency: task.fn.calls.concurrency, waitingMax: WAITING_MAX, signal };
  try {
    let index = 0;
    for await (const results of orderedCalls(input.batches, call, window)) {
      for (const result of results) output.add(rowsReturned(task.fn, result, index), index++);
      await output.settle();
    }
    return await output.finish();
  } catch (error) {
    await output.abandon();
    throw error;
  }
}

interface InputRows {
  readonly schema: Schema;
  /** Read one batch ahead; whoever leaves early interrupts the query. */
  readonly batches: AsyncIterable<readonly Row[]>;
}

async function inputRows({ context, task }: FunctionRun): Promise<InputRows> {
  const result = await context.input.stream(task.query, context);
  const names = result.columnNames();
  const types = result.columnTypes();
  const converter = rowConverter(names, types, { int64: task.fn.int64 });
  const schema = converter.columnNames.map((name, index) => ({ name, type: typeText(types[index]!) }));
  async function* batches(): AsyncGenerator<readonly Row[], void> {
    for await (const columns of columnChunksAhead(result, () => context.input.interrupt())) {
      yield converter.rows(columns);
    }
  }
  return { schema, batches: batches() };
}

/** The rows of what a call returned. */
export function rowsReturned(
  fn: FunctionSpec,
  result: unknown,
  index: number,
): readonly (InputRow | KeptFailure)[] {
  if (result instanceof KeptFailure) return [result];
  if (fn.form === "map") {
    if (!isRow(result)) throw notRows(fn, index, result);
    return [result];
  }
  const isIterable = typeof result === "object" && result !== null && Symbol.iterator in result;
  if (!isIterable) throw notRows(fn, index, result);
  const rows = [...(result as Iterable<unknown>)];
  for (const row of rows) if (!isRow(row)) throw notRows(fn, index, row);
  return rows as InputRow[];
}

function isRow(value: unknown): value is InputRow {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isThenable(value);
}
