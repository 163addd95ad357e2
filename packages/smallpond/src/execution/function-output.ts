/** The rows that a function returned, encoded by the output columns: known before, or decided by the first of them. */
import type { DatabaseConnection } from "../duckdb/database.ts";
import { emptyRelation, type Schema } from "../duckdb/schema.ts";
import { storedColumns } from "../duckdb/stored-column.ts";
import type { ColumnData } from "../duckdb/values/column-data.ts";
import { encodeTexts } from "../duckdb/values/encode.ts";
import { type EncodedColumn, type InputRow, RowEncoder, RowMisfit } from "../duckdb/values/row-encoder.ts";
import type { OutputColumn } from "../functions/spec.ts";
import { KeptFailure } from "./call-attempts.ts";
import { ColumnSample } from "./column-sample.ts";
import { textOf } from "./function-pool.ts";
import { type FunctionColumns, FunctionWriter } from "./function-writer.ts";
import { misfitFailure } from "./row-failure.ts";
import type { RunContext } from "./run-task.ts";
import type { FunctionTask, WrittenFile } from "./task.ts";

/** Rows encoded at once. */
const PIECE_ROWS = 8_192;

/** A returned row, or a failure that is kept in the place of one. */
interface Returned {
  readonly row: InputRow | KeptFailure;
  /** The input row it was returned for. */
  readonly input: number;
}

export class FunctionOutput {
  readonly #context: RunContext;
  readonly #task: FunctionTask;
  readonly #input: Schema;
  /** Set while the columns are not known. */
  readonly sample: ColumnSample | null;
  #returned: Returned[] = [];
  #known: readonly OutputColumn[] | null;
  #encoder: RowEncoder | undefined;
  #writer: FunctionWriter | undefined;

  constructor(context: RunContext, task: FunctionTask, input: Schema) {
    this.#context = context;
    this.#task = task;
    this.#input = input;
    this.#known = task.fn.columns;
    this.sample = this.#known === null ? new ColumnSample(task.fn) : null;
  }

  /** Takes what one call returned. */
  add(rows: Iterable<InputRow | KeptFailure>, input: number): void {
    for (const row of rows) {
      this.#returned.push({ row, input });
      if (this.#known === null && !(row instanceof KeptFailure)) this.sample?.add(row);
    }
    this.sample?.called();
  }

  /** Passes on what there is, once the columns are known and it is worth it. */
  async settle(): Promise<void> {
    if (this.#known === null) {
      if (this.sample?.isEnough !== true) return;
      this.#known = this.sample.columns();
    }
    if (this.#returned.length >= PIECE_ROWS) await this.#flush();
  }

  async finish(): Promise<WrittenFile[]> {
    this.#known ??= this.sample?.columns() ?? this.#inputColumns();
    if (this.#returned.length > 0) await this.#flush();
    const writer = await this.#open();
    const columns = this.#task.fn.columns === null ? { columns: this.#known } : {};
    return (await writer.finish()).map((file) => ({ ...file, ...columns }));
  }

  async abandon(): Promise<void> {
    await this.#writer?.abandon();
  }

  /** When the function returns nothing at all and nobody named its columns, its input's are as good as any. */
  #inputColumns(): readonly OutputColumn[] {
    return this.#input.map(({ name, type }) => ({ name, type, always: false }));
  }

  async #flush(): Promise<void> {
    const writer = await this.#open();
    const returned = this.#returned;
    this.#returned = [];
    const rows = returned.map(({ row }) => (row instanceof KeptFailure ? this.#failedRow(row) : row));
    const columns = this.#encode(rows, returned);
    const { onError } = this.#task.fn.calls;
    if (onError.kind === "keep") {
      columns.push(
        encodeTexts(returned.map(({ row }) => (row instanceof KeptFailure ? textOf(row.error) : null))),
      );
    }
    await writer.add(columns);
  }

  #encode(rows: readonly InputRow[], returned: readonly Returned[]): ColumnData[] {
    try {
      return this.#encoder!.encode(rows);
    } catch (error) {
      if (!(error instanceof RowMisfit)) throw error;
      throw misfitFailure(this.#task.fn, returned[error.row]!.input, error);
    }
  }

  /** Tells which row it was: columns that the input has too keep its values, all others are NULL. */
  #failedRow({ input }: KeptFailure): InputRow {
    const row: Record<string, unknown> = {};
    for (const { name, type } of this.#known!) {
      const same = this.#input.some((column) => column.name === name && column.type === type);
      row[name] = same ? (input as InputRow)[name] : null;
    }
    return row;
  }

  async #open(): Promise<FunctionWriter> {
    if (this.#writer !== undefined) return this.#writer;
    const { connection } = this.#context;
    const { onError } = this.#task.fn.calls;
    const kept = onError.kind === "keep" ? [{ name: onError.column, type: "VARCHAR" }] : [];
    const columns = await openColumns(connection, [...this.#known!, ...kept]);
    this.#encoder = new RowEncoder(this.#known!.map((column, i) => encoded(column, columns, i)));
    this.#writer = new FunctionWriter(this.#context, this.#task.output, columns);
    return this.#writer;
  }
}

function encoded({ name, always }: OutputColumn, { served }: FunctionColumns, index: number): EncodedColumn {
  return { name, tree: served[index]!.tree, always };
}

/** Columns by name and type text as the writer needs them. */
export async function openColumns(connection: DatabaseConnection, columns: Schema): Promise<FunctionColumns> {
  const none = emptyRelation(columns);
  return { served: await connection.servedColumns(none), stored: storedColumns(await connection.bind(none)) };
}
