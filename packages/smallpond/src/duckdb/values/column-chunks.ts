/** A DuckDB result as plain buffers, a chunk (at most 2,048 rows) at a time. */
import type { DuckDBDataChunk, DuckDBResult } from "@duckdb/node-api";
import type { ColumnData } from "./column-data.ts";
import { readColumn } from "./read-vector.ts";

/** Reads no further than it is asked to. */
export async function* columnChunks(result: DuckDBResult): AsyncGenerator<readonly ColumnData[], void> {
  const types = result.columnTypes();
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield types.map((type, index) => readColumn(chunk, index, type));
  }
}

/**
 * Reads one chunk ahead: the engine works on the next while this one is looked at. `interrupt` ends the query; whoever
 * leaves early has it called and waits until the engine has stopped, so that the connection can be closed.
 */
export async function* columnChunksAhead(
  result: DuckDBResult,
  interrupt: () => void,
): AsyncGenerator<readonly ColumnData[], void> {
  const types = result.columnTypes();
  let next = fetched(result);
  let finished = false;
  try {
    for (;;) {
      const chunk = await next;
      finished = chunk === null || chunk.rowCount === 0;
      if (chunk === null || chunk.rowCount === 0) return;
      next = fetched(result);
      yield types.map((type, index) => readColumn(chunk, index, type));
    }
  } finally {
    if (!finished) interrupt();
    await next.catch(() => {});
  }
}

/** A failure is heard when the chunk is asked for, and not as an unhandled rejection before. */
function fetched(result: DuckDBResult): Promise<DuckDBDataChunk | null> {
  const chunk = result.fetchChunk();
  chunk.catch(() => {});
  return chunk;
}
