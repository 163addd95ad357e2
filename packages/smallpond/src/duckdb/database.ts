/**
 * One in-memory DuckDB and its connections: the only place that opens an engine.
 *
 * Extensions are never fetched or loaded by themselves, so that a query means the same on every machine.
 */
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBResult,
} from "@duckdb/node-api";
import { assert } from "@smallpond/base";
import { insist } from "../platform/insist.ts";
import { ColumnTables, type ServedColumn, type ServedTable } from "./column-tables.ts";
import { duckdbError } from "./errors.ts";
import type { TypedColumn } from "./schema.ts";
import { quoteText } from "./text.ts";
import { typeText } from "./type-text.ts";
import type { ColumnData } from "./values/column-data.ts";

export interface DatabaseSettings {
  readonly threads: number;
  /** What DuckDB's buffer manager may hold, in bytes. Soft: the process may use about twice as much. */
  readonly memoryBytes: number;
  /** Where queries spill to; made by DuckDB when the first one does. */
  readonly tempDirectory: string;
  readonly timeZone: string;
}

export class Database implements AsyncDisposable {
  readonly settings: DatabaseSettings;
  readonly #instance: DuckDBInstance;
  readonly #open = new Set<DatabaseConnection>();
  readonly #tables = new ColumnTables();
  #closed = false;

  private constructor(instance: DuckDBInstance, settings: DatabaseSettings) {
    this.#instance = instance;
    this.settings = settings;
  }

  static async open(settings: DatabaseSettings): Promise<Database> {
    const instance = await DuckDBInstance.create(":memory:", {
      threads: String(settings.threads),
      memory_limit: `${Math.max(1, Math.floor(settings.memoryBytes / 1024))}KiB`,
      temp_directory: settings.tempDirectory,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      // A shuffle opens a file per partition; DuckDB's default of 100 would close and reopen them into many pieces.
      partitioned_write_max_open_files: "512",
      // Generated plans nest deeper than people type.
      max_expression_depth: "10000",
      // Settings are ours to make; SQL from a job must not lift its own limits.
      allow_unsigned_extensions: "false",
    });
    const database = new Database(instance, settings);
    await using connection = await database.connect();
    await connection.run(`SET GLOBAL TimeZone = ${quoteText(settings.timeZone)}`);
    return database;
  }

  async connect(): Promise<DatabaseConnection> {
    assert(!this.#closed, "the database is closed");
    const raw = await this.#instance.connect();
    const connection: DatabaseConnection = new DatabaseConnection(raw, this.#tables, () =>
      this.#open.delete(connection),
    );
    this.#open.add(connection);
    return connection;
  }

  /** Interrupts what runs and frees the engine's memory. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#open].map((connection) => connection.close()));
    this.#instance.closeSync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** How far a stream runs ahead of its reader: with DuckDB's default of 1 MB it stops and starts all the time. */
const STREAM_BUFFER = "16MB";

/** What a statement would return, learnt from binding it without running it. */
export type BoundSchema = readonly TypedColumn[];

export class DatabaseConnection implements AsyncDisposable {
  /** For the rooms that read or fill vectors; other code uses the methods here. */
  readonly raw: DuckDBConnection;
  readonly #tables: ColumnTables;
  readonly #onClose: () => void;
  readonly #running = new Set<Promise<unknown>>();
  #streams = false;
  #closed = false;

  constructor(raw: DuckDBConnection, tables: ColumnTables, onClose: () => void) {
    this.raw = raw;
    this.#tables = tables;
    this.#onClose = onClose;
  }

  /** Runs one statement to its end and drops its rows. */
  async run(sql: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#guard(sql, options.signal, () => this.raw.run(sql));
  }

  /** All rows as DuckDB's JSON values: 64-bit integers and wider come as strings. For small, internal results. */
  async rows(
    sql: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Record<string, unknown>[]> {
    return await this.#guard(sql, options.signal, async () => {
      const reader = await this.raw.runAndReadAll(sql);
      return reader.getRowObjectsJson();
    });
  }

  /** The one row of a result that has exactly one. */
  async row(sql: string): Promise<Record<string, unknown>> {
    const rows = await this.rows(sql);
    assert(rows.length === 1, `expected one row, got ${rows.length}: ${sql}`);
    return rows[0]!;
  }

  /** A result that is computed while it is read. An abort interrupts it; the error then is `signal.reason`. */
  async stream(
    sql: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<DuckDBResult> {
    return await this.#guard(sql, options.signal, async () => {
      if (!this.#streams) await this.raw.run(`SET streaming_buffer_size = '${STREAM_BUFFER}'`);
      this.#streams = true;
      return await this.raw.stream(sql);
    });
  }

  /** The columns a query would return; fails as the query itself would at binding. */
  async bind(sql: string): Promise<BoundSchema> {
    const statement: DuckDBPreparedStatement = await this.#guard(sql, undefined, () => this.raw.prepare(sql));
    try {
      return Array.from({ length: statement.columnCount }, (_, i) => {
        const tree = statement.columnType(i);
        return { name: statement.columnName(i), type: typeText(tree), tree };
      });
    } finally {
      statement.destroySync();
    }
  }

  /** The columns of a query, for tables that are served. */
  async servedColumns(sql: string): Promise<readonly ServedColumn[]> {
    const empty = await this.#guard(sql, undefined, () => this.raw.run(`SELECT * FROM (${sql}) LIMIT 0`));
    const types = empty.columnTypes();
    return empty.columnNames().map((name, index) => {
      return { name, tree: types[index]!, type: empty.columnLogicalType(index) };
    });
  }

  /** Buffers as a table that statements on any connection of the database read, until it is disposed. */
  serve(columns: readonly ServedColumn[], pieces: readonly (readonly ColumnData[])[]): ServedTable {
    return this.#tables.serve(this.raw, columns, pieces);
  }

  /** Has the engine keep count of how far queries of this connection are, for `progress`. */
  async countProgress(): Promise<void> {
    await this.run("SET enable_progress_bar = true");
    await this.run("SET enable_progress_bar_print = false");
  }

  /** How far the query that runs is, from 0 to 1; null where the engine cannot tell. */
  progress(): number | null {
    if (this.#closed) return null;
    const { percentage } = this.raw.progress;
    return percentage < 0 ? null : percentage / 100;
  }

  interrupt(): void {
    if (!this.#closed) this.raw.interrupt();
  }

  /** Waits for statements to end: one that calls JavaScript could not, if this thread waited inside the engine. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#running.size > 0) await insist(Promise.allSettled(this.#running), () => this.raw.interrupt());
    this.raw.closeSync();
    this.#onClose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #guard<T>(sql: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const running = Promise.resolve().then(work);
    // The engine forgets an interrupt that comes before a statement has begun.
    const onAbort = (): void => void insist(running, () => this.interrupt());
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw duckdbError(error, sql);
    } finally {
      this.#running.delete(running);
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
