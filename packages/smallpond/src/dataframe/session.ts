/** The first thing people make: where frames come from, and what closes when they are done. */
import { PondError } from "@smallpond/base";
import type { Table } from "apache-arrow";
import { loadArrow } from "../arrow/lazy.ts";
import type { DatabaseConnection } from "../duckdb/database.ts";
import { createRowTable } from "../duckdb/rows.ts";
import type { JsValue, Row } from "../duckdb/values/js-value.ts";
import type { ModuleFunction } from "../functions/user-function.ts";
import { type CsvScanOptions, csvScan } from "../logical/csv-scan.ts";
import { type JsonScanOptions, jsonScan } from "../logical/json-scan.ts";
import type { LogicalNode, NodeMeta } from "../logical/node.ts";
import { captureOrigin } from "../logical/origin.ts";
import { type ParquetScanOptions, parquetScan } from "../logical/parquet-scan.ts";
import { partialSql } from "../logical/partial-sql.ts";
import { sql } from "../logical/sql.ts";
import type { ProgressMode } from "../platform/progress-display.ts";
import { ownResidentBytes } from "../platform/resident-bytes.ts";
import { DataFrame } from "./data-frame.ts";
import { Engine } from "./engine.ts";
import { mermaid } from "./graph.ts";
import type { SessionSettings } from "./init-options.ts";
import { LoadedTables } from "./loaded-tables.ts";
import type { Progress } from "./progress.ts";
import { isRecord, queryOf, type SqlPart } from "./query-of.ts";
import type { SessionReport } from "./report.ts";
import { openParts, type SessionDeps, type SessionParts } from "./session-parts.ts";
import { SessionRecord } from "./session-record.ts";
import { SessionRunners } from "./session-runners.ts";
import type { UdfOptions } from "./udf-options.ts";

export interface CloseOptions {
  /** How the job ended, where the caller knows better: a script that threw, Ctrl-C. */
  readonly as?: "failed" | "interrupted";
}

export class Session implements AsyncDisposable {
  readonly settings: SessionSettings;
  readonly #deps: SessionDeps;
  readonly #parts: SessionParts;
  readonly #record: SessionRecord;
  readonly #runners: SessionRunners;
  readonly #tables: LoadedTables;
  readonly #engine: Engine;
  readonly #frames: LogicalNode[] = [];
  readonly #onClose: (() => void)[] = [];
  #nodes = 0;
  #closing: Promise<void> | undefined;

  private constructor(deps: SessionDeps, settings: SessionSettings, parts: SessionParts) {
    const { clock, disk, owners } = deps;
    const { directory, home, calls, version } = parts;
    this.#deps = deps;
    this.settings = settings;
    this.#parts = parts;
    const graph = (): string => this.graph();
    this.#record = new SessionRecord(
      { clock, disk, owners, directory, graph },
      settings,
      `DuckDB ${version}`,
    );
    this.#runners = new SessionRunners(
      { clock, permits: calls.calls.permits, home },
      { ...settings, tempDirectory: directory.tempPath },
    );
    this.#tables = new LoadedTables(parts.loading);
    this.#engine = new Engine({
      ...parts,
      clock,
      disk,
      owners,
      recorder: this.#record.recorder,
      taskFailed: (place, failure) => this.#record.taskFailed(place, failure),
      runnerFor: (bytes) => this.#runners.runnerFor(bytes),
      executorsFor: (bytes) => this.#runners.executorsFor(bytes),
      loaded: (table) => this.#tables.loaded(table),
      nextId: () => this.#nodes++,
      taskTimeoutMs: settings.taskTimeoutMs,
    });
  }

  /** For tests and for sessions over other clocks and disks; people call `init`. */
  static async open(deps: SessionDeps, settings: SessionSettings): Promise<Session> {
    return new Session(deps, settings, await openParts(deps, settings));
  }

  /** Where this job keeps its intermediate files and, at the end, its report. */
  get directory(): string {
    return this.#parts.directory.path;
  }

  /**
   * Parquet files: a path, a directory or a glob, or several. Nothing is read before a result is asked for.
   *
   * @throws FILE_NOT_FOUND, FILE_CORRUPT, FILE_SCHEMA_MISMATCH when it runs, naming the file.
   */
  readParquet<R extends Row = Row>(
    paths: string | readonly string[],
    options: ParquetScanOptions = {},
  ): DataFrame<R> {
    return this.#frame(parquetScan(this.#meta(), list(paths), options));
  }

  /** CSV files. Types, header and separator are inferred from all rows of a file unless given. */
  readCsv<R extends Row = Row>(
    paths: string | readonly string[],
    options: CsvScanOptions = {},
  ): DataFrame<R> {
    return this.#frame(csvScan(this.#meta(), list(paths), options));
  }

  /** JSON files, one object per line unless `format` says otherwise. */
  readJson<R extends Row = Row>(
    paths: string | readonly string[],
    options: JsonScanOptions = {},
  ): DataFrame<R> {
    return this.#frame(jsonScan(this.#meta(), list(paths), options));
  }

  /**
   * Rows of the program. Objects become columns by field name, other values one column `item`. Types are inferred
   * from all rows unless `schema` gives them (column name to DuckDB type); an empty list needs one.
   */
  fromItems<T>(
    items: readonly T[],
    options: { readonly schema?: Readonly<Record<string, string>> } = {},
  ): DataFrame<T extends Row ? T : T extends Record<string, unknown> ? Row : { item: JsValue }> {
    const meta = this.#meta();
    const rows = items.map((item) => (isRecord(item) ? (item as Row) : { item: item as JsValue }));
    const schema = options.schema ?? null;
    if (rows.length === 0 && schema === null) throw emptyItems();
    const label = `fromItems(${items.length} rows)`;
    const load = (connection: DatabaseConnection, table: string): Promise<void> =>
      createRowTable(connection, table, rows, { schema, temporary: false });
    return this.#frame(this.#tables.load(meta, label, load));
  }

  /** An Arrow table. Every Arrow type comes in by the type table (`docs/types.md`). */
  fromArrow<R extends Row = Row>(table: Table): DataFrame<R> {
    const meta = this.#meta();
    const load = async (connection: DatabaseConnection, name: string): Promise<void> =>
      (await loadArrow()).createArrowTable(connection, name, table, "fromArrow()", { temporary: false });
    return this.#frame(this.#tables.load(meta, `fromArrow(${table.numRows} rows)`, load));
  }

  /**
   * One query over whole frames: `sp.sql("SELECT … FROM {0}", flights)`, `sp.sql("SELECT … FROM f", { f: flights })`,
   * or tagged, where frames become tables and everything else a bound value:
   * sp.sql`SELECT * FROM ${flights} WHERE delay > ${60}`.
   */
  sql<R extends Row = Row>(query: string, inputs?: Readonly<Record<string, DataFrame>>): DataFrame<R>;
  sql<R extends Row = Row>(query: string, ...inputs: readonly DataFrame[]): DataFrame<R>;
  sql<R extends Row = Row>(query: TemplateStringsArray, ...parts: readonly SqlPart[]): DataFrame<R>;
  sql<R extends Row = Row>(query: string | TemplateStringsArray, ...rest: readonly unknown[]): DataFrame<R> {
    const { text, inputs } = queryOf(this.#engine, query, rest);
    return this.#frame(sql(this.#meta(), text, inputs));
  }

  /**
   * One query per partition: frames that are divided the same way are taken partition by partition, frames of one
   * partition are seen whole by every run. Without frames it runs once. Tagged like `sql`.
   *
   * @throws PARTITIONING_MISMATCH when frames are divided in ways that would lose rows.
   */
  partialSql<R extends Row = Row>(query: string, inputs?: Readonly<Record<string, DataFrame>>): DataFrame<R>;
  partialSql<R extends Row = Row>(query: string, ...inputs: readonly DataFrame[]): DataFrame<R>;
  partialSql<R extends Row = Row>(query: TemplateStringsArray, ...parts: readonly SqlPart[]): DataFrame<R>;
  partialSql<R extends Row = Row>(
    query: string | TemplateStringsArray,
    ...rest: readonly unknown[]
  ): DataFrame<R> {
    const { text, inputs } = queryOf(this.#engine, query, rest);
    return this.#frame(partialSql(this.#meta(), text, inputs));
  }

  /**
   * A function that every SQL text of the session can call, also in executors: `sp.createFunction("host", hostOf, {
   * parameters: ["VARCHAR"], returns: "VARCHAR" })`, then `map("host(url) AS host")`. It must not be async. SQL may call
   * it more or less often than once per row unless it is `volatile`.
   *
   * @throws ASYNC_UDF, FUNCTION_EXISTS when SQL has that name already, FREE_VARIABLE when it cannot be called in another
   *   process, and errors of types it is not given rightly. Queries wait for it, also without `await`.
   */
  createFunction<Args = undefined>(
    name: string,
    fn: ((...values: never[]) => unknown) | ModuleFunction,
    options: UdfOptions<Args>,
  ): Promise<void> {
    this.#expectOpen();
    return this.#parts.udfs.create(name, fn, options);
  }

  /** Computes frames, all of them, and keeps their results. */
  async wait(...frames: readonly DataFrame[]): Promise<void> {
    for (const frame of frames) await frame.compute();
  }

  /** Every frame of the session as a Mermaid flowchart. */
  graph(): string {
    return mermaid(this.#frames);
  }

  /** Writes `graph()` into a file. */
  async dumpGraph(path: string): Promise<void> {
    await this.#deps.disk.writeFile(path, this.graph());
  }

  /** Writes when each task ran, in the format that the profilers of browsers open. */
  async dumpTimeline(path: string): Promise<void> {
    await this.#deps.disk.writeFile(path, JSON.stringify(this.#record.timeline(), null, 1));
  }

  /** What this session did so far. */
  report(): SessionReport {
    return this.#record.report();
  }

  /** How far the newest running action is; null while none runs. */
  progress(): Progress | null {
    return this.#record.progress();
  }

  /** Shows progress on standard error until the session closes, in one way at a time. */
  showProgress(mode: ProgressMode): void {
    this.#record.showProgress(mode);
  }

  /** Process ids of the executors there are now. */
  get executorPids(): readonly number[] {
    return this.#runners.pids;
  }

  /**
   * Ends everything the session started, removes its intermediate files, and writes how it ended if any work was
   * staged or failed. Idempotent; running actions are interrupted, and the job with them unless `as` says otherwise.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { as } = options;
    if (this.#closing === undefined) this.#closing = this.#close(options);
    else if (as !== undefined) this.#closing = this.#closing.then(() => this.#record.amend(as));
    return this.#closing;
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Has `work` done when the session closes. */
  onClose(work: () => void): void {
    this.#onClose.push(work);
  }

  async #close(options: CloseOptions): Promise<void> {
    const state = options.as ?? this.#record.ending;
    const { calls, database, directory } = this.#parts;
    this.#record.hideProgress();
    for (const work of this.#onClose) work();
    // Executors are ended at once: what they work at is not wanted any more.
    await Promise.all([this.#record.recorder.close(closed()), this.#runners.close()]);
    const [torn] = await Promise.allSettled([calls.functions.close()]);
    await this.#tables.settled();
    await database.close();
    const report = await this.#record.end(state);
    await directory.close({ report, work: state === "failed" });
    await this.#deps.remote?.close();
    // A function that could not give up what it held: told when everything else is done.
    if (torn?.status === "rejected") throw torn.reason;
  }

  #meta(): NodeMeta {
    this.#expectOpen();
    return { id: this.#nodes++, origin: captureOrigin() };
  }

  #expectOpen(): void {
    if (this.#closing !== undefined) throw closed();
  }

  #frame<R extends Row>(node: LogicalNode): DataFrame<R> {
    return new DataFrame<R>(
      {
        engine: this.#engine,
        functions: this.#parts.functions,
        meta: () => this.#meta(),
        made: (made) => this.#frames.push(made),
        expectOpen: () => this.#expectOpen(),
        settings: this.settings,
        clock: this.#deps.clock,
        residentBytes: ownResidentBytes,
      },
      node,
    );
  }
}

function list(paths: string | readonly string[]): readonly string[] {
  const all = typeof paths === "string" ? [paths] : [...paths];
  if (all.length > 0) return all;
  throw new PondError("FILE_NOT_FOUND", {
    kind: "invalid",
    message: "no paths were given",
    hint: "pass a path, a directory or a glob, or a list of them",
  });
}

function emptyItems(): PondError {
  return new PondError("EMPTY_ITEMS", {
    kind: "invalid",
    message: "fromItems() of no rows has no columns",
    hint: 'pass { schema: { name: "VARCHAR", … } }',
  });
}

function closed(): PondError {
  return new PondError("SESSION_CLOSED", {
    kind: "closed",
    message: "the session is closed",
    hint: "make a new one with init()",
  });
}
