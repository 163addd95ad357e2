/** `filter`: only the verdicts go through JavaScript, the rows stay what they are. */
import { storedColumns } from "../duckdb/stored-column.ts";
import { columnChunksAhead } from "../duckdb/values/column-chunks.ts";
import { type ColumnData, takeRows } from "../duckdb/values/column-data.ts";
import type { Row } from "../duckdb/values/js-value.ts";
import { rowConverter } from "../duckdb/values/row-converter.ts";
import type { FunctionRun } from "./function-task.ts";
import { FunctionWriter } from "./function-writer.ts";
import { orderedCalls } from "./ordered-calls.ts";
import type { WrittenFile } from "./task.ts";

/** Verdicts that may wait behind a slow call. */
const WAITING_MAX = 4_096;

export async function filterRows(run: FunctionRun): Promise<WrittenFile[]> {
  const { context, task, signal } = run;
  const columns = {
    served: await context.connection.servedColumns(task.query),
    stored: storedColumns(await context.connection.bind(task.query)),
  };
  const writer = new FunctionWriter(context, task.output, columns);
  const chunks: (readonly ColumnData[])[] = [];
  const verdicts: boolean[] = [];
  const call = (row: Row, index: number): unknown => run.call(row as never, index);
  const { clock } = context.calls;
  const window = { clock, concurrency: task.fn.calls.concurrency, waitingMax: WAITING_MAX, signal };
  try {
    for await (const results of orderedCalls(readRows(run, chunks), call, window)) {
      for (const result of results) verdicts.push(Boolean(result));
      for (let first = chunks[0]; first !== undefined; first = chunks[0]) {
        const count = first[0]!.length;
        if (verdicts.length < count) break;
        chunks.shift();
        await writer.add(keptOf(first, verdicts.splice(0, count)));
      }
    }
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** The rows as objects; their chunks go to `chunks`, where they wait for the verdicts. */
async function* readRows(
  { context, task }: FunctionRun,
  chunks: (readonly ColumnData[])[],
): AsyncGenerator<readonly Row[], void> {
  const result = await context.input.stream(task.query, context);
  const converter = rowConverter(result.columnNames(), result.columnTypes(), { int64: task.fn.int64 });
  for await (const columns of columnChunksAhead(result, () => context.input.interrupt())) {
    chunks.push(columns);
    yield converter.rows(columns);
  }
}

function keptOf(columns: readonly ColumnData[], verdicts: readonly boolean[]): readonly ColumnData[] {
  const kept = verdicts.flatMap((verdict, row) => (verdict ? [row] : []));
  if (kept.length === verdicts.length) return columns;
  const indices = Int32Array.from(kept);
  return columns.map((column) => takeRows(column, indices));
}
