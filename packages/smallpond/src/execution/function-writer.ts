/**
 * Writes what a function returned, piece by piece, into the task's files. Pieces are collected up to a limit; then the
 * engine writes them, into a file of their own, while the function goes on.
 */
import type { ServedColumn } from "../duckdb/column-tables.ts";
import { decodedMetadata, emptyStored, encodeList, type StoredColumn } from "../duckdb/stored-column.ts";
import { type ColumnData, columnBytes } from "../duckdb/values/column-data.ts";
import { copyFiles, type RunContext } from "./run-task.ts";
import type { Output, WrittenFile } from "./task.ts";

/** Bytes collected for one file. As many again are being written meanwhile. */
const FILE_BYTES = 32 * 1024 * 1024;

export interface FunctionColumns {
  readonly stored: readonly StoredColumn[];
  readonly served: readonly ServedColumn[];
}

export class FunctionWriter {
  readonly #context: RunContext;
  readonly #output: Output;
  readonly #columns: FunctionColumns;
  readonly #files: WrittenFile[] = [];
  #pieces: (readonly ColumnData[])[] = [];
  #bytes = 0;
  #number = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(context: RunContext, output: Output, columns: FunctionColumns) {
    this.#context = context;
    this.#output = { ...output, metadata: decodedMetadata(columns.stored) };
    this.#columns = columns;
  }

  /** Takes the columns, whose buffers must not change any more. Waits when the engine is a file behind. */
  async add(columns: readonly ColumnData[]): Promise<void> {
    this.#pieces.push(columns);
    for (const column of columns) this.#bytes += columnBytes(column);
    if (this.#bytes >= FILE_BYTES) await this.#flush();
  }

  /** Writes the rest. There is a file even when there are no rows. */
  async finish(): Promise<WrittenFile[]> {
    if (this.#pieces.length > 0) await this.#flush();
    await this.#writing;
    if (this.#files.length === 0) {
      await this.#copy(emptyStored(this.#columns.stored), this.#output.name);
    }
    return this.#files;
  }

  /** Ends what is being written. Never throws; the files go with their directory. */
  async abandon(): Promise<void> {
    this.#context.connection.interrupt();
    await this.#writing.catch(() => {});
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const pieces = this.#pieces;
    const number = this.#number++;
    this.#pieces = [];
    this.#bytes = 0;
    this.#writing = this.#write(pieces, number);
    // Whoever adds or finishes next hears of a failure.
    this.#writing.catch(() => {});
  }

  async #write(pieces: readonly (readonly ColumnData[])[], number: number): Promise<void> {
    const name = number === 0 ? this.#output.name : `${this.#output.name}-${number}`;
    using table = this.#context.connection.serve(this.#columns.served, pieces);
    try {
      await this.#copy(`SELECT * FROM ${table.sql}`, name);
    } catch (error) {
      throw table.failure ?? error;
    }
  }

  async #copy(query: string, name: string): Promise<void> {
    const list = encodeList(this.#columns.stored);
    const output = { ...this.#output, name };
    this.#files.push(...(await copyFiles(this.#context, `SELECT ${list} FROM (${query})`, output)));
  }
}
