/** `mapBatches`: Arrow tables to Arrow tables, whose buffers are DuckDB's vectors and go back without a look at a row. */
import { isPondError, PondError } from "@smallpond/base";
import type { Table } from "apache-arrow";
import { loadArrow } from "../arrow/lazy.ts";
import type * as arrow from "../arrow/tables.ts";
import type { OutputColumn } from "../functions/spec.ts";
import { openColumns } from "./function-output.ts";
import type { FunctionRun } from "./function-task.ts";
import { type FunctionColumns, FunctionWriter } from "./function-writer.ts";
import { orderedCalls } from "./ordered-calls.ts";
import { RESULT_HINT, RowFailure } from "./row-failure.ts";
import type { WrittenFile } from "./task.ts";

/** Rows of the input that went to one call. */
interface Batch {
  readonly row: number;
  readonly table: Table;
}

export async function produceBatches(run: FunctionRun): Promise<WrittenFile[]> {
  const { context, task, signal } = run;
  const tables = await loadArrow();
  const output = new BatchOutput(run, tables);
  const { concurrency } = task.fn.calls;
  const called: Batch[] = [];
  let next = 0;
  const call = (table: Table): unknown => {
    const row = next;
    next += table.numRows;
    called.push({ row, table });
    return run.call(table as never, row);
  };
  const result = await context.input.stream(task.query, context);
  const interrupt = (): void => context.input.interrupt();
  const options = { batchRows: task.fn.batchRows, interrupt };
  try {
    const window = { clock: context.calls.clock, concurrency, waitingMax: concurrency, signal };
    for await (const results of orderedCalls(eachAlone(tables.arrowBatches(result, options)), call, window)) {
      for (const returned of results) {
        await output.add(called[0]!, returned);
        called.shift();
      }
    }
    return await output.finish();
  } catch (error) {
    await output.abandon();
    throw error instanceof RowFailure ? ofBatch(error, called) : error;
  }
}

async function* eachAlone(batches: AsyncIterable<Table>): AsyncGenerator<readonly Table[], void> {
  for await (const batch of batches) yield [batch];
}

interface OpenOutput {
  readonly columns: FunctionColumns;
  readonly writer: FunctionWriter;
}

class BatchOutput {
  readonly #run: FunctionRun;
  readonly #tables: typeof arrow;
  #known: readonly OutputColumn[] | null;
  #opened: OpenOutput | undefined;

  constructor(run: FunctionRun, tables: typeof arrow) {
    this.#run = run;
    this.#tables = tables;
    this.#known = run.task.fn.columns;
  }

  /** Takes what was returned for a batch. */
  async add(batch: Batch, returned: unknown): Promise<void> {
    const pieces = await this.#read(batch, returned);
    for (const piece of pieces) await this.#opened!.writer.add(piece);
  }

  async finish(): Promise<WrittenFile[]> {
    // When the function was never called, its input's columns are as good as any.
    this.#known ??= await this.#inputColumns();
    const { writer } = await this.#open(this.#known);
    const columns = this.#run.task.fn.columns === null ? { columns: this.#known } : {};
    return (await writer.finish()).map((file) => ({ ...file, ...columns }));
  }

  async abandon(): Promise<void> {
    await this.#opened?.writer.abandon();
  }

  async #read(batch: Batch, returned: unknown): Promise<ReturnType<typeof arrow.readArrow>> {
    const { name } = this.#run.task.fn;
    const what = `what ${name}() returned`;
    try {
      this.#known ??= this.#tables
        .schemaOfArrow(returned, what)
        .map((column) => ({ ...column, always: true }));
      const { columns } = await this.#open(this.#known);
      // Buffers of ours that the function passes on are nobody else's.
      const kept = this.#tables.buffersOf(batch.table);
      return this.#tables.readArrow(returned, columns.served, { what, kept });
    } catch (error) {
      if (!isPondError(error)) throw error;
      throw resultFailure(name, batch.row, error);
    }
  }

  async #open(known: readonly OutputColumn[]): Promise<OpenOutput> {
    if (this.#opened !== undefined) return this.#opened;
    const { context, task } = this.#run;
    const columns = await openColumns(context.connection, known);
    this.#opened = { columns, writer: new FunctionWriter(context, task.output, columns) };
    return this.#opened;
  }

  async #inputColumns(): Promise<readonly OutputColumn[]> {
    const bound = await this.#run.context.connection.bind(this.#run.task.query);
    return bound.map(({ name, type }) => ({ name, type, always: false }));
  }
}

function resultFailure(name: string, row: number, error: PondError): RowFailure {
  return new RowFailure(row, (place, details) => {
    return new PondError("FUNCTION_RESULT", {
      kind: "invalid",
      message: `${error.message}, for ${place}`,
      details: { function: name, ...error.details, ...details },
      hint: error.hint ?? RESULT_HINT,
    });
  });
}

/** A batch is told by its first row and its size. */
function ofBatch(error: RowFailure, called: readonly Batch[]): RowFailure {
  const rows = called.find(({ row }) => row === error.row)?.table.numRows;
  if (rows === undefined) return error;
  return new RowFailure(error.row, (place, details) =>
    error.at(`the batch of ${rows} rows that begins at ${place}`, details),
  );
}
