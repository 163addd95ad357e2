/** DuckDB results as Arrow record batches. */
import type { DuckDBResult, DuckDBType } from "@duckdb/node-api";
import { assert } from "@smallpond/base";
import { Data as ArrowData, type Data, RecordBatch, type Schema, Struct, Table } from "apache-arrow";
import { columnChunks, columnChunksAhead } from "../duckdb/values/column-chunks.ts";
import { type BytesData, type ColumnData, concatColumns, sliceRows } from "../duckdb/values/column-data.ts";
import { Misfit, misfitError } from "../duckdb/values/errors.ts";
import { arrowSchemaOf } from "./arrow-types.ts";
import { toArrowData } from "./to-arrow.ts";

export interface BatchOptions {
  /** Rows per batch; the last one has fewer. Default 122,880, the size of DuckDB's own row groups. */
  readonly batchRows?: number;
  /** Ends the query; when given, the result is read ahead. */
  readonly interrupt?: () => void;
}

export const BATCH_ROWS = 122_880;
/** A batch ends early when the strings of one of its columns reach this, because Arrow's offsets have 31 bits. */
const BATCH_BYTES_MAX = 2 ** 30;

/** The result's rows in batches, read as they are asked for. A result without rows has no batch. */
export async function* recordBatchesFromResult(
  result: DuckDBResult,
  options: BatchOptions = {},
): AsyncGenerator<RecordBatch, void> {
  yield* batchesOf(result, arrowSchemaOf(result.columnNames(), result.columnTypes()), options);
}

/** All rows of the result. The table of a result without rows has its columns. */
export async function tableFromResult(result: DuckDBResult, options: BatchOptions = {}): Promise<Table> {
  const schema = arrowSchemaOf(result.columnNames(), result.columnTypes());
  const batches: RecordBatch[] = [];
  for await (const batch of batchesOf(result, schema, options)) batches.push(batch);
  return new Table(schema, batches);
}

async function* batchesOf(
  result: DuckDBResult,
  schema: Schema,
  { batchRows = BATCH_ROWS, interrupt }: BatchOptions,
): AsyncGenerator<RecordBatch, void> {
  assert(Number.isSafeInteger(batchRows) && batchRows >= 1, `a batch has at least one row, not ${batchRows}`);
  const types = result.columnTypes();
  let pieces = new Pieces(schema, types);
  const chunks = interrupt === undefined ? columnChunks(result) : columnChunksAhead(result, interrupt);
  for await (const columns of chunks) {
    const rows = columns[0]!.length;
    for (let start = 0; start < rows; ) {
      const count = Math.min(rows - start, batchRows - pieces.rows);
      pieces.add(count === rows ? columns : columns.map((column) => sliceRows(column, start, count)));
      start += count;
      if (pieces.rows < batchRows && pieces.bytesMax < BATCH_BYTES_MAX) continue;
      yield pieces.batch();
      pieces = new Pieces(schema, types);
    }
  }
  if (pieces.rows > 0) yield pieces.batch();
}

/** Chunks on their way into one batch. */
class Pieces {
  readonly #schema: Schema;
  readonly #types: readonly DuckDBType[];
  readonly #columns: ColumnData[][];
  readonly #bytes: number[];
  rows = 0;

  constructor(schema: Schema, types: readonly DuckDBType[]) {
    this.#schema = schema;
    this.#types = types;
    this.#columns = types.map(() => []);
    this.#bytes = types.map(() => 0);
  }

  /** The string bytes of the column with most of them. */
  get bytesMax(): number {
    return Math.max(0, ...this.#bytes);
  }

  add(columns: readonly ColumnData[]): void {
    columns.forEach((column, index) => {
      this.#columns[index]!.push(column);
      this.#bytes[index]! += stringBytes(column);
    });
    this.rows += columns[0]?.length ?? 0;
  }

  batch(): RecordBatch {
    const children = this.#columns.map((pieces, index) => this.#convert(index, concatColumns(pieces)));
    const type = new Struct(this.#schema.fields);
    return new RecordBatch(this.#schema, new ArrowData(type, 0, this.rows, 0, undefined, children));
  }

  #convert(index: number, column: ColumnData): Data {
    const type = this.#types[index]!;
    const { name, type: arrowType } = this.#schema.fields[index]!;
    try {
      return toArrowData(column, type, arrowType);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      throw misfitError(error, `Arrow's ${arrowType}`, { column: String(name) });
    }
  }
}

function stringBytes(column: ColumnData): number {
  switch (column.kind) {
    case "fixed":
      return 0;
    case "bytes":
      return (column satisfies BytesData).bytes.length;
    case "list":
    case "array":
      return stringBytes(column.child);
    case "struct":
      return Math.max(0, ...column.children.map(stringBytes));
  }
}
