/**
 * Runs a JavaScript function over a query's rows and writes what it returns: the same code in the session's process
 * and in an executor.
 *
 * Input and output use two connections, because a second statement on a connection silently ends the stream that is
 * read from it. Reading, calling and writing overlap: the engine reads one piece ahead and writes one file behind.
 */
import { setMaxListeners } from "node:events";
import type { DatabaseConnection } from "../duckdb/database.ts";
import { type CallDeps, callByPolicy, isPlainPolicy } from "./call-attempts.ts";
import { commitOnce } from "./commit.ts";
import { produceBatches } from "./function-batches.ts";
import { filterRows } from "./function-filter.ts";
import type { FunctionPool, OpenFunction } from "./function-pool.ts";
import { produceRows } from "./function-rows.ts";
import { isThenable } from "./ordered-calls.ts";
import { callFailure, placed } from "./row-failure.ts";
import { inNewDirectory, type RunContext } from "./run-task.ts";
import type { FunctionTask, TaskResult, WrittenFile } from "./task.ts";

/** What calling functions needs of its process. */
export interface FunctionHost {
  readonly functions: FunctionPool;
  readonly calls: CallDeps;
}

export interface FunctionContext extends RunContext, FunctionHost {
  readonly input: DatabaseConnection;
}

/** A task under way. */
export interface FunctionRun {
  readonly context: FunctionContext;
  readonly task: FunctionTask;
  /** Aborts with the task, and when its output is not wanted any more. */
  readonly signal: AbortSignal;
  /** Calls the function for the input at that row; failures say the row. */
  call(input: never, row: number): unknown;
}

export async function runFunctionTask(
  context: FunctionContext,
  task: FunctionTask,
): Promise<Omit<TaskResult, "peakMemoryBytes">> {
  const { directory } = task.output;
  const write = (): Promise<WrittenFile[]> =>
    inNewDirectory(context.disk, directory, () => writeFunction(context, task));
  return { files: await commitOnce(context.disk, task.output, write), rows: [] };
}

async function writeFunction(context: FunctionContext, task: FunctionTask): Promise<WrittenFile[]> {
  const leave = new AbortController();
  const signal = signalOfCalls([leave.signal, ...(context.signal === undefined ? [] : [context.signal])]);
  try {
    const fn = await context.functions.open(task.fn);
    const run = { context, task, signal, call: caller(context.calls, fn, task, signal) };
    return await produce(run);
  } catch (error) {
    if (context.signal?.aborted) throw context.signal.reason;
    throw await placed(context.connection, task, error);
  } finally {
    // Calls that are still under way hear that nobody waits for them.
    leave.abort();
  }
}

async function produce(run: FunctionRun): Promise<WrittenFile[]> {
  const { form } = run.task.fn;
  switch (form) {
    case "map":
    case "flat-map":
      return await produceRows(run);
    case "filter":
      return await filterRows(run);
    case "batches":
      return await produceBatches(run);
    default:
      return form satisfies never;
  }
}

/** A signal that as many calls listen to as are under way, which `concurrency` bounds. */
export function signalOfCalls(signals: AbortSignal[]): AbortSignal {
  const signal = AbortSignal.any(signals);
  setMaxListeners(0, signal);
  return signal;
}

/** Calls by the function's policy, and says at which row a call failed. */
export function caller(
  deps: CallDeps,
  fn: OpenFunction,
  { fn: spec }: Pick<FunctionTask, "fn">,
  signal: AbortSignal,
): FunctionRun["call"] {
  const failed = (row: number, error: unknown): never => {
    if (signal.aborted) throw signal.reason;
    throw callFailure(fn, spec, row, error);
  };
  if (!isPlainPolicy(spec.calls)) {
    const settings = { key: spec.id, policy: spec.calls, signal };
    return (input, row) => callByPolicy(deps, fn, input, settings).catch((error) => failed(row, error));
  }
  const context = { signal };
  return (input, row) => {
    let result: unknown;
    try {
      result = fn.call(input, context);
    } catch (error) {
      return failed(row, error);
    }
    return isThenable(result) ? Promise.resolve(result).catch((error) => failed(row, error)) : result;
  };
}
