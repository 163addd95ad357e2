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
import type { LocalStatement, RemoteFiles } from "./remote-files.ts";
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

export interface DatabaseOptions {
  /** Whoever knows files that statements name and DuckDB cannot open. */
  readonly remote?: RemoteFiles | undefined;
}

export class Database implements AsyncDisposable {
  readonly settings: DatabaseSettings;
  readonly #instance: DuckDBInstance;
  readonly #open = new Set<DatabaseConnection>();
  readonly #tables = new ColumnTables();
  readonly #remote: RemoteFiles | undefined;
  #closed = false;

  private constructor(instance: DuckDBInstance, settings: DatabaseSettings, options: DatabaseOptions) {
    this.#instance = instance;
    this.settings = settings;
    this.#remote = options.remote;
  }

  static async open(settings: DatabaseSettings, options: DatabaseOptions = {}): Promise<Database> {
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
    const database = new Database(instance, settings, options);
    await using connection = await database.connect();
    await connection.run(`SET GLOBAL TimeZone = ${quoteText(settings.timeZone)}`);
    return database;
  }

  async connect(): Promise<DatabaseConnection> {
    assert(!this.#closed, "the database is closed");
    const raw = await this.#instance.connect();
    const connection: DatabaseConnection = new DatabaseConnection(raw, {
      tables: this.#tables,
      remote: this.#remote,
      onClose: () => this.#open.delete(connection),
    });
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
  readonly #parts: ConnectionParts;
  readonly #running = new Set<Promise<unknown>>();
  /** Statements whose rows may still be read. */
  readonly #streamed: LocalStatement[] = [];
  #streams = false;
  #closed = false;

  constructor(raw: DuckDBConnection, parts: ConnectionParts) {
    this.raw = raw;
    this.#parts = parts;
  }

  /** Runs one statement to its end and drops its rows. */
  async run(sql: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#guard(sql, options, (local) => this.raw.run(local));
  }

  /** All rows as DuckDB's JSON values: 64-bit integers and wider come as strings. For small, internal results. */
  async rows(
    sql: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Record<string, unknown>[]> {
    return await this.#guard(sql, options, async (local, statement) => {
      const reader = await this.raw.runAndReadAll(local);
      const rows = reader.getRowObjectsJson();
      return statement === undefined ? rows : rows.map((row) => originalRow(row, statement));
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
    return await this.#guard(sql, { ...options, use: "stream" }, async (local) => {
      if (!this.#streams) await this.raw.run(`SET streaming_buffer_size = '${STREAM_BUFFER}'`);
      this.#streams = true;
      return await this.raw.stream(local);
    });
  }

  /** The columns a query would return; fails as the query itself would at binding. */
  async bind(sql: string): Promise<BoundSchema> {
    const statement: DuckDBPreparedStatement = await this.#guard(sql, { use: "bind" }, (local) =>
      this.raw.prepare(local),
    );
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
    const empty = await this.#guard(sql, { use: "bind" }, (local) =>
      this.raw.run(`SELECT * FROM (${local}) LIMIT 0`),
    );
    const types = empty.columnTypes();
    return empty.columnNames().map((name, index) => {
      return { name, tree: types[index]!, type: empty.columnLogicalType(index) };
    });
  }

  /** Buffers as a table that statements on any connection of the database read, until it is disposed. */
  serve(columns: readonly ServedColumn[], pieces: readonly (readonly ColumnData[])[]): ServedTable {
    return this.#parts.tables.serve(this.raw, columns, pieces);
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
    for (const statement of this.#streamed) await statement.release(false);
    this.#parts.onClose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #guard<T>(
    sql: string,
    options: { readonly signal?: AbortSignal | undefined; readonly use?: "run" | "stream" | "bind" },
    work: (sql: string, local: LocalStatement | undefined) => Promise<T>,
  ): Promise<T> {
    const { signal, use = "run" } = options;
    signal?.throwIfAborted();
    const local = await this.#localize(sql, { data: use !== "bind", signal });
    if (local === undefined) return await this.#interruptibly(sql, signal, () => work(sql, undefined));
    let failed = true;
    try {
      const result = await this.#interruptibly(local.sql, signal, () => work(local.sql, local));
      await local.finish();
      failed = false;
      return result;
    } catch (error) {
      if (error instanceof Error) error.message = local.original(error.message);
      throw error;
    } finally {
      if (use === "stream" && !failed) this.#streamed.push(local);
      else await local.release(failed);
    }
  }

  #localize(
    sql: string,
    options: { readonly data: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<LocalStatement | undefined> {
    const { remote } = this.#parts;
    if (remote === undefined || !sql.includes("3fs://")) return Promise.resolve(undefined);
    const rows = async (text: string): Promise<Record<string, unknown>[]> => {
      const run = (): Promise<{ getRowObjectsJson(): Record<string, unknown>[] }> =>
        this.raw.runAndReadAll(text);
      return (await this.#interruptibly(text, options.signal, run)).getRowObjectsJson();
    };
    const explain = async (text: string): Promise<string> => {
      const [plan] = await rows(`EXPLAIN (FORMAT json) ${text}`);
      return plan!.explain_value as string;
    };
    return remote.prepare(sql, { ...options, rows, explain });
  }

  async #interruptibly<T>(sql: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
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

interface ConnectionParts {
  readonly tables: ColumnTables;
  readonly remote: RemoteFiles | undefined;
  readonly onClose: () => void;
}

/** With the names of files as people know them. */
function originalRow(row: Record<string, unknown>, local: LocalStatement): Record<string, unknown> {
  const original = (value: unknown): unknown => {
    if (typeof value === "string") return local.original(value);
    return Array.isArray(value) ? value.map(original) : value;
  };
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, original(value)]));
}
