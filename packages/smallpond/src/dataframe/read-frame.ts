/** The actions that read a frame: its rows, as objects or as Arrow, all at once or piece by piece. */
import type { RecordBatch, Table } from "apache-arrow";
import { loadArrow } from "../arrow/lazy.ts";
import { rowBatches } from "../duckdb/rows.ts";
import type { Row } from "../duckdb/values/js-value.ts";
import type { LogicalNode } from "../logical/node.ts";
import type { ActionOptions, Reading } from "./engine.ts";
import type { FrameHost } from "./frame-host.ts";
import { BATCH_ROWS } from "./function-options.ts";
import { type ReadRequest, readAction, streamAction } from "./run-action.ts";

export async function countRows(host: FrameHost, node: LogicalNode, options: ActionOptions): Promise<number> {
  const request = { name: "count()", node, options, observe: "rows" } as const;
  return await readAction(host, request, async ({ connection, query }, signal) => {
    const rows = await connection.rows(`SELECT count(*) AS n FROM (${query})`, { signal });
    return Number(rows[0]!.n);
  });
}

export async function readRows<R extends Row>(host: FrameHost, request: ReadRequest): Promise<R[]> {
  return await readAction(host, { ...request, observe: "order" }, async (reading, signal) => {
    const rows: R[] = [];
    for await (const batch of batchesOf<R>(host, reading, signal)) for (const row of batch) rows.push(row);
    return rows;
  });
}

export function streamRows<R extends Row>(
  host: FrameHost,
  node: LogicalNode,
  options: ActionOptions,
): AsyncGenerator<R[], void, undefined> {
  return streamAction(host, { name: "batches()", node, options }, (reading, signal) =>
    batchesOf<R>(host, reading, signal),
  );
}

export async function readArrow(host: FrameHost, node: LogicalNode, options: ActionOptions): Promise<Table> {
  const request = { name: "toArrow()", node, options, observe: "order" } as const;
  return await readAction(host, request, async ({ connection, query }, signal) => {
    const { arrowTable } = await loadArrow();
    return await arrowTable(await connection.stream(query, { signal }));
  });
}

export function streamArrow(
  host: FrameHost,
  node: LogicalNode,
  options: ActionOptions & { readonly batchSize?: number },
): AsyncGenerator<RecordBatch, void, undefined> {
  const batchRows = options.batchSize ?? BATCH_ROWS;
  const request = { name: "arrowBatches()", node, options };
  return streamAction(host, request, async function* ({ connection, query }, signal) {
    const { arrowBatches, tableBatches } = await loadArrow();
    const result = await connection.stream(query, { signal });
    for await (const table of arrowBatches(result, { batchRows })) yield* tableBatches(table);
  });
}

async function* batchesOf<R extends Row>(
  { settings }: FrameHost,
  { connection, query, action }: Reading,
  signal: AbortSignal,
): AsyncGenerator<R[]> {
  const result = await connection.stream(query, { signal });
  for await (const batch of rowBatches(result, { int64: settings.int64 })) {
    signal.throwIfAborted();
    if (action !== undefined) action.rows += batch.length;
    yield batch as R[];
  }
}
