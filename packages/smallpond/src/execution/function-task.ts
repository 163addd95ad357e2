/**
 * Runs a JavaScript function over a query's rows, in the session's process, and writes what it returns.
 *
 * The returned rows go into temporary tables of the task's own connection, which spill like any other, and from there
 * into the task's file in one statement.
 */
import { assert, PondError } from "@smallpond/base";
import { loadArrow } from "../arrow/lazy.ts";
import type { DatabaseConnection } from "../duckdb/database.ts";
import { createRowTable, rowBatches } from "../duckdb/rows.ts";
import { columnNames } from "../duckdb/schema.ts";
import {
  decodedMetadata,
  emptyStored,
  encodeList,
  type StoredColumn,
  storedColumns,
} from "../duckdb/stored-column.ts";
import { quoteName } from "../duckdb/text.ts";
import type { Row } from "../duckdb/values/js-value.ts";
import { commitOnce } from "./commit.ts";
import { type RunContext, writeQuery } from "./run-task.ts";
import type { FunctionTask, TaskResult, WrittenFile } from "./task.ts";

/** The functions of a session, by id. */
export interface TaskFunctions {
  get(id: string): TaskFunction;
}

export interface TaskFunction {
  readonly name: string;
  readonly form: "map" | "flat-map" | "filter" | "batches";
  readonly call: (input: never) => unknown;
  /** Rows per call for `batches`. */
  readonly batchRows: number;
  /** Output columns as given, name to DuckDB type. */
  readonly schema: Readonly<Record<string, string>> | null;
  readonly int64: "bigint" | "number";
  /** Output columns: given, or those of the first rows that any partition returned. Set by the first task. */
  columns: readonly StoredColumn[] | undefined;
}

/** Rows collected before they are put into a table. */
const ROWS_PER_TABLE = 122_880;

/** Two connections, because a second statement on a connection silently ends the stream that is read from it. */
export interface FunctionContext extends RunContext {
  readonly input: DatabaseConnection;
}

export async function runFunctionTask(
  context: FunctionContext,
  task: FunctionTask,
  functions: TaskFunctions,
): Promise<Omit<TaskResult, "peakMemoryBytes">> {
  const files = await commitOnce(context.disk, task.output, () => writeReturned(context, task, functions));
  return { files, rows: [] };
}

async function writeReturned(
  context: FunctionContext,
  task: FunctionTask,
  functions: TaskFunctions,
): Promise<WrittenFile[]> {
  const fn = functions.get(task.functionId);
  const output = new FunctionOutput(context, fn);
  const query =
    fn.form === "filter"
      ? await filterRows(context, task, fn, output)
      : await produce(context, task, fn, output);
  const columns = fn.columns ?? (await columnsWithoutRows(context, task, fn));
  const rows = query ?? emptyStored(columns);
  return await writeQuery(context, `SELECT ${encodeList(columns)} FROM (${rows})`, {
    ...task.output,
    metadata: decodedMetadata(columns),
  });
}

/** Calls the function over the input; returns the query that reads what it returned, or null if that is nothing. */
async function produce(
  context: FunctionContext,
  task: FunctionTask,
  fn: TaskFunction,
  output: FunctionOutput,
): Promise<string | null> {
  if (fn.form === "batches") return await produceBatches(context, task, fn, output);
  const result = await context.input.stream(task.query, context);
  let index = 0;
  let rows: Row[] = [];
  for await (const batch of rowBatches(result, { int64: fn.int64 })) {
    context.signal?.throwIfAborted();
    for (const row of batch) {
      const returned = await call(fn, row as never, index++);
      if (fn.form === "map") rows.push(asRow(returned, fn, index - 1));
      else for (const one of asIterable(returned, fn, index - 1)) rows.push(asRow(one, fn, index - 1));
    }
    if (rows.length >= ROWS_PER_TABLE) {
      await output.addRows(rows);
      rows = [];
    }
  }
  if (rows.length > 0) await output.addRows(rows);
  return output.query();
}

async function produceBatches(
  context: FunctionContext,
  task: FunctionTask,
  fn: TaskFunction,
  output: FunctionOutput,
): Promise<string | null> {
  const result = await context.input.stream(task.query, context);
  let index = 0;
  const { arrowBatches } = await loadArrow();
  for await (const table of arrowBatches(result, { batchRows: fn.batchRows })) {
    context.signal?.throwIfAborted();
    await output.addArrow(await call(fn, table as never, index++));
  }
  return output.query();
}

/** Keeps the input's rows as they are: only the verdicts go through JavaScript. */
async function filterRows(
  context: FunctionContext,
  task: FunctionTask,
  fn: TaskFunction,
  output: FunctionOutput,
): Promise<string | null> {
  const { connection } = context;
  await connection.run(`CREATE OR REPLACE TEMP TABLE pond_input AS ${task.query}`, context);
  fn.columns ??= storedColumns(await connection.bind("SELECT * FROM pond_input"));
  const result = await connection.stream("SELECT * FROM pond_input ORDER BY rowid", context);
  let index = 0;
  const kept: Row[] = [];
  // The table is this connection's own, and a second statement on it would end the stream: verdicts wait for its end.
  for await (const batch of rowBatches(result, { int64: fn.int64 })) {
    context.signal?.throwIfAborted();
    for (const row of batch) {
      if (await call(fn, row as never, index)) kept.push({ row: BigInt(index) });
      index++;
    }
  }
  if (kept.length === 0) return null;
  const verdicts = await output.addTable(kept, { row: "BIGINT" });
  const list = columnNames(fn.columns).map(quoteName).join(", ");
  return `SELECT ${list} FROM pond_input WHERE rowid IN (SELECT "row" FROM ${quoteName(verdicts)}) ORDER BY rowid`;
}

/** Temporary tables of one task. */
class FunctionOutput {
  readonly #context: RunContext;
  readonly #fn: TaskFunction;
  readonly #tables: string[] = [];

  constructor(context: RunContext, fn: TaskFunction) {
    this.#context = context;
    this.#fn = fn;
  }

  /** Rows with the function's columns, which the first rows decide when they were not given. */
  async addRows(rows: readonly Row[]): Promise<void> {
    const fn = this.#fn;
    const schema = fn.schema ?? (fn.columns === undefined ? null : schemaOfColumns(fn.columns));
    const name = await this.addTable(rows, schema);
    fn.columns ??= storedColumns(await this.#context.connection.bind(`SELECT * FROM ${quoteName(name)}`));
  }

  async addArrow(table: unknown): Promise<void> {
    const fn = this.#fn;
    const name = this.#nextName();
    const { createArrowTable } = await loadArrow();
    await createArrowTable(this.#context.connection, name, table, `${fn.name}()`, { temporary: true });
    const columns = storedColumns(await this.#context.connection.bind(`SELECT * FROM ${quoteName(name)}`));
    fn.columns ??= columns;
    expectSameColumns(fn, columns);
  }

  async addTable(rows: readonly Row[], schema: Readonly<Record<string, string>> | null): Promise<string> {
    const name = this.#nextName();
    await createRowTable(this.#context.connection, name, rows, { schema, temporary: true });
    return name;
  }

  query(): string | null {
    if (this.#tables.length === 0) return null;
    return this.#tables.map((name) => `SELECT * FROM ${quoteName(name)}`).join(" UNION ALL ");
  }

  #nextName(): string {
    const name = `pond_returned_${this.#tables.length}`;
    this.#tables.push(name);
    return name;
  }
}

/** A partition without output still has columns: those given, those of other partitions, or else the input's. */
async function columnsWithoutRows(
  context: RunContext,
  task: FunctionTask,
  fn: TaskFunction,
): Promise<readonly StoredColumn[]> {
  if (fn.schema === null) return storedColumns(await context.connection.bind(task.query));
  const list = Object.entries(fn.schema).map(([name, type]) => `CAST(NULL AS ${type}) AS ${quoteName(name)}`);
  return storedColumns(await context.connection.bind(`SELECT ${list.join(", ")}`));
}

async function call(fn: TaskFunction, input: never, index: number): Promise<unknown> {
  try {
    const returned = fn.call(input);
    return isThenable(returned) ? await returned : returned;
  } catch (error) {
    const unit = fn.form === "batches" ? "batch" : "row";
    throw new PondError("FUNCTION_FAILED", {
      kind: "invalid",
      message: `${fn.name}() threw at ${unit} ${index} of its partition: ${error instanceof Error ? error.message : String(error)}`,
      details: { function: fn.name, [unit]: index },
      cause: error,
    });
  }
}

function asRow(value: unknown, fn: TaskFunction, index: number): Row {
  const isRow = typeof value === "object" && value !== null && !Array.isArray(value) && !isThenable(value);
  if (isRow) return value as Row;
  throw new PondError("FUNCTION_RESULT", {
    kind: "invalid",
    message: `${fn.name}() must return ${fn.form === "map" ? "an object" : "objects"} with a field per column, but for row ${index} it returned ${describe(value)}`,
    details: { function: fn.name, row: index },
  });
}

function asIterable(value: unknown, fn: TaskFunction, index: number): Iterable<unknown> {
  const isIterable = typeof value === "object" && value !== null && Symbol.iterator in value;
  if (isIterable) return value as Iterable<unknown>;
  throw new PondError("FUNCTION_RESULT", {
    kind: "invalid",
    message: `${fn.name}() must return an array of objects, but for row ${index} it returned ${describe(value)}`,
    details: { function: fn.name, row: index },
  });
}

function expectSameColumns(fn: TaskFunction, columns: readonly StoredColumn[]): void {
  assert(fn.columns !== undefined, "columns are known once a batch was returned");
  const text = (list: readonly StoredColumn[]): string =>
    list.map(({ name, type }) => `${name} ${type}`).join(", ");
  if (text(fn.columns) === text(columns)) return;
  throw new PondError("FUNCTION_RESULT", {
    kind: "invalid",
    message: `${fn.name}() returned a batch with other columns than before: (${text(columns)}) instead of (${text(fn.columns)})`,
    details: { function: fn.name },
    hint: "return the same columns and types from every call",
  });
}

function schemaOfColumns(columns: readonly StoredColumn[]): Record<string, string> {
  return Object.fromEntries(columns.map(({ name, type }) => [name, type]));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
