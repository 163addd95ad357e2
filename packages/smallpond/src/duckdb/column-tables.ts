/**
 * Buffers of this process as a table that SQL reads: a table function which copies them out, chunk by chunk. What goes
 * into a file this way is in no table before, and the engine writes while JavaScript makes more.
 */
import {
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBLogicalType,
  DuckDBTableFunction,
  type DuckDBType,
  INTEGER,
  readValue,
} from "@duckdb/node-api";
import bindings from "@duckdb/node-bindings";
import { assert } from "@smallpond/base";
import { typeText } from "./type-text.ts";
import type { ColumnData } from "./values/column-data.ts";
import { Misfit, misfitError } from "./values/errors.ts";
import { CHUNK_ROWS } from "./values/table-writer.ts";
import { writeColumn } from "./values/write-vector.ts";

const FUNCTION = "pond_columns";

export interface ServedColumn {
  readonly name: string;
  readonly tree: DuckDBType;
  /** From a result: the bindings cannot make every type themselves. */
  readonly type: DuckDBLogicalType;
}

/** Pieces that are served as one table; the columns of a piece have one length. */
export interface ServedTable extends Disposable {
  readonly sql: string;
  /** What went wrong while it was read. The engine only reports its text. */
  readonly failure: unknown;
}

interface Entry {
  readonly columns: readonly ServedColumn[];
  /** None of them empty. */
  readonly pieces: readonly (readonly ColumnData[])[];
  failure: unknown;
}

/** The tables of one database. */
export class ColumnTables {
  readonly #entries = new Map<number, Entry>();
  #registered = false;
  #next = 0;

  /** Rows come in order. Each statement that reads the table gets all of them. */
  serve(
    connection: DuckDBConnection,
    columns: readonly ServedColumn[],
    pieces: readonly (readonly ColumnData[])[],
  ): ServedTable {
    if (!this.#registered) this.#register(connection);
    this.#registered = true;
    const id = this.#next++;
    // A piece without rows would be taken for the end.
    const filled = pieces.filter((piece) => (piece[0]?.length ?? 0) > 0);
    const entry: Entry = { columns, pieces: filled, failure: undefined };
    this.#entries.set(id, entry);
    return {
      sql: `${FUNCTION}(${id})`,
      get failure() {
        return entry.failure;
      },
      [Symbol.dispose]: () => void this.#entries.delete(id),
    };
  }

  #register(connection: DuckDBConnection): void {
    const definition = new DuckDBTableFunction();
    definition.setName(FUNCTION);
    definition.addParameter(INTEGER);
    const table = definition.table_function;
    bindings.table_function_set_bind(table, (info) => {
      const id = readValue(bindings.bind_get_parameter(info, 0)) as number;
      const entry = this.#entries.get(id);
      assert(entry !== undefined, `table ${id} is served no more`);
      for (const { name, type } of entry.columns)
        bindings.bind_add_result_column(info, name, type.logical_type);
      bindings.bind_set_cardinality(info, rowsOf(entry), true);
      bindings.bind_set_bind_data(info, entry);
    });
    bindings.table_function_set_init(table, (info) => {
      // One reader, so that rows keep their order.
      bindings.init_set_max_threads(info, 1);
      bindings.init_set_init_data(info, new Cursor(bindings.init_get_bind_data(info) as Entry));
    });
    bindings.table_function_set_function(table, (info, output) => {
      (bindings.function_get_init_data(info) as Cursor).fill(new DuckDBDataChunk(output));
    });
    connection.registerTableFunction(definition);
    definition.destroySync();
  }
}

/** Where a statement is in the pieces. */
class Cursor {
  readonly #entry: Entry;
  #piece = 0;
  #row = 0;

  constructor(entry: Entry) {
    this.#entry = entry;
  }

  fill(chunk: DuckDBDataChunk): void {
    const piece = this.#entry.pieces[this.#piece];
    const length = piece?.[0]?.length ?? 0;
    const count = Math.min(CHUNK_ROWS, length - this.#row);
    for (const [index, column] of (piece ?? []).entries()) this.#write(chunk, index, column, count);
    chunk.rowCount = count;
    this.#row += count;
    if (this.#row < length) return;
    this.#piece++;
    this.#row = 0;
  }

  #write(chunk: DuckDBDataChunk, index: number, column: ColumnData, count: number): void {
    const { name, tree } = this.#entry.columns[index]!;
    try {
      writeColumn(chunk, index, tree, column, { start: this.#row, count });
    } catch (error) {
      const located = error instanceof Misfit ? misfitError(error, typeText(tree), { column: name }) : error;
      this.#entry.failure = located;
      throw located;
    }
  }
}

function rowsOf({ pieces }: Entry): number {
  return pieces.reduce((sum, piece) => sum + (piece[0]?.length ?? 0), 0);
}
