/** The first thing people make: where frames come from, and what closes when they are done. */
import { type Clock, type Disk, PondError, type Random } from "@smallpond/base";
import { NodeClock, NodeDisk, NodeRandom } from "@smallpond/base/platform/node";
import type { Table } from "apache-arrow";
import { loadArrow } from "../arrow/lazy.ts";
import { Database, type DatabaseConnection } from "../duckdb/database.ts";
import { SqlParser } from "../duckdb/parser.ts";
import { createRowTable } from "../duckdb/rows.ts";
import type { JsValue, Row } from "../duckdb/values/js-value.ts";
import { FunctionPool } from "../execution/function-pool.ts";
import type { FunctionHost } from "../execution/function-task.ts";
import { InlineRunner } from "../execution/inline-runner.ts";
import { RateLimiter } from "../execution/rate-limiter.ts";
import type { TaskFailure } from "../execution/scheduler.ts";
import { refuseInFunctionModule } from "../functions/module-guard.ts";
import type { ModuleFunction } from "../functions/user-function.ts";
import { type CsvScanOptions, csvScan } from "../logical/csv-scan.ts";
import { type JsonScanOptions, jsonScan } from "../logical/json-scan.ts";
import type { LogicalNode, NodeMeta } from "../logical/node.ts";
import { captureOrigin } from "../logical/origin.ts";
import { type ParquetScanOptions, parquetScan } from "../logical/parquet-scan.ts";
import { partialSql } from "../logical/partial-sql.ts";
import { sql } from "../logical/sql.ts";
import { values } from "../logical/values.ts";
import { passOn } from "../platform/console-output.ts";
import { environment } from "../platform/environment.ts";
import { thisMachine } from "../platform/machine.ts";
import { machineOwners } from "../platform/owners.ts";
import { beforeProcessEnds } from "../platform/process-end.ts";
import { ProcessRunner } from "../platform/process-runner.ts";
import { canShowLine, type ProgressMode, showProgress } from "../platform/progress-display.ts";
import { ownResidentBytes } from "../platform/resident-bytes.ts";
import { thisProcess } from "../platform/this-process.ts";
import { JobDirectory } from "../storage/job-directory.ts";
import type { Owners } from "../storage/owner.ts";
import { DataFrame } from "./data-frame.ts";
import { type ActionOptions, Engine } from "./engine.ts";
import { type FailurePlace, failedTask } from "./failed-tasks.ts";
import { FunctionRegistry } from "./function-registry.ts";
import { functionShipping } from "./function-shipping.ts";
import { mermaid } from "./graph.ts";
import { defaultDataRoot, type InitOptions, resolveSettings, type SessionSettings } from "./init-options.ts";
import { JobJournal } from "./job-journal.ts";
import { announceSession } from "./open-sessions.ts";
import { type Progress, progressOf, progressText } from "./progress.ts";
import { isRecord, queryOf, type SqlPart } from "./query-of.ts";
import { Recorder } from "./recorder.ts";
import { actionReport, type SessionReport } from "./report.ts";
import { timeline } from "./timeline.ts";
import type { UdfOptions } from "./udf-options.ts";
import { UdfRegistry } from "./udf-registry.ts";

/** Work up to this size runs in the session's own process under `numExecutors: "auto"`. */
const INLINE_BYTES_MAX = 256 * 1024 * 1024;
const INLINE_SLOTS_MAX = 4;
/** DuckDB's part of the memory limit, which counts the whole process. */
const ENGINE_SHARE = 0.5;

/**
 * Starts a session. Nothing is started besides DuckDB in this process; executors come with the first large job.
 *
 * @throws BAD_OPTION for an option or `SP_*` variable that is not understood, FUNCTION_MODULE_RUNS_JOB while an executor
 *   loads the module of a function.
 */
export async function init(options: InitOptions = {}): Promise<Session> {
  refuseInFunctionModule("init()");
  const clock = new NodeClock();
  const random = new NodeRandom();
  const disk = new NodeDisk();
  const machine = thisMachine();
  const settings = resolveSettings(options, {
    environment: environment(),
    machine,
    random,
    nowMs: clock.wallMs(),
  });
  const session = await Session.open({ clock, random, disk, owners: machineOwners() }, settings);
  // A session that nobody closes is closed when the process has nothing left to do.
  session.onClose(beforeProcessEnds(() => session.close()));
  if (settings.progress === "lines") session.showProgress("lines");
  else if (settings.progress && canShowLine()) session.showProgress("line");
  announceSession(session);
  return session;
}

export interface CloseOptions {
  /** How the job ended, where the caller knows better: a script that threw, Ctrl-C. */
  readonly as?: "failed" | "interrupted";
}

export interface SessionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly owners: Owners;
}

interface Parts {
  readonly database: Database;
  readonly planning: DatabaseConnection;
  readonly loading: DatabaseConnection;
  readonly directory: JobDirectory;
  readonly parser: SqlParser;
  readonly functions: FunctionRegistry;
  readonly udfs: UdfRegistry;
  readonly calls: FunctionHost;
  readonly home: InlineRunner;
  readonly version: string;
}

export class Session implements AsyncDisposable {
  readonly settings: SessionSettings;
  readonly #deps: SessionDeps;
  readonly #parts: Parts;
  readonly #engine: Engine;
  readonly #recorder: Recorder;
  readonly #journal: JobJournal;
  readonly #startedMs: number;
  readonly #loads = new Map<string, Promise<void>>();
  readonly #frames: LogicalNode[] = [];
  readonly #onClose: (() => void)[] = [];
  #processes: ProcessRunner | undefined;
  #hideProgress: (() => void) | undefined;
  #lastLoad: Promise<unknown> = Promise.resolve();
  #nodes = 0;
  #closing: Promise<void> | undefined;

  private constructor(deps: SessionDeps, settings: SessionSettings, parts: Parts) {
    this.#deps = deps;
    this.settings = settings;
    this.#parts = parts;
    this.#startedMs = deps.clock.wallMs();
    this.#recorder = new Recorder(deps.clock);
    this.#journal = this.#openJournal();
    this.#engine = new Engine({
      clock: deps.clock,
      disk: deps.disk,
      database: parts.database,
      planning: parts.planning,
      parser: parts.parser,
      functions: parts.functions,
      udfs: parts.udfs,
      calls: parts.calls,
      directory: parts.directory,
      owners: deps.owners,
      recorder: this.#recorder,
      taskFailed: (place, failure) => this.#taskFailed(place, failure),
      runnerFor: (bytes) => this.#runnerFor(bytes),
      executorsFor: (bytes) => this.#executorsFor(bytes),
      loaded: async (table) => await this.#loads.get(table),
      nextId: () => this.#nodes++,
      version: parts.version,
      taskTimeoutMs: settings.taskTimeoutMs,
    });
  }

  /** For tests and for sessions over other clocks and disks; people call `init`. */
  static async open(deps: SessionDeps, settings: SessionSettings): Promise<Session> {
    const directory = new JobDirectory(deps, settings);
    await directory.open();
    const { threads, memoryBytes, timeZone } = settings;
    const database = await Database.open({
      threads,
      memoryBytes: Math.floor(memoryBytes * ENGINE_SHARE),
      tempDirectory: directory.tempPath,
      timeZone,
    });
    const planning = await database.connect();
    const loading = await database.connect();
    const { version } = await planning.row("SELECT version() AS version");
    const parser = new SqlParser(planning);
    const shipping = functionShipping(deps.disk, directory.files.functions);
    const functions = new FunctionRegistry(shipping);
    const { int64 } = settings;
    const udfs = new UdfRegistry({ shipping, database, planning, parser, int64 });
    const permits = new RateLimiter(deps.clock);
    const calls: FunctionHost = {
      functions: new FunctionPool(functions.load),
      calls: { clock: deps.clock, random: deps.random, permits },
    };
    const home = new InlineRunner(
      { clock: deps.clock, disk: deps.disk, database, functions: calls, residentBytes: ownResidentBytes },
      { slots: Math.min(threads, INLINE_SLOTS_MAX), threads, memoryBytes },
    );
    return new Session(deps, settings, {
      database,
      planning,
      loading,
      directory,
      parser,
      functions,
      udfs,
      calls,
      home,
      version: version as string,
    });
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
    return this.#frame(this.#load(meta, label, load));
  }

  /** An Arrow table. Every Arrow type comes in by the type table (`docs/types.md`). */
  fromArrow<R extends Row = Row>(table: Table): DataFrame<R> {
    const meta = this.#meta();
    const load = async (connection: DatabaseConnection, name: string): Promise<void> =>
      (await loadArrow()).createArrowTable(connection, name, table, "fromArrow()", { temporary: false });
    return this.#frame(this.#load(meta, `fromArrow(${table.numRows} rows)`, load));
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
    await this.#deps.disk.writeFile(path, JSON.stringify(timeline(this.#recorder.actions), null, 1));
  }

  /** What this session did so far. */
  report(): SessionReport {
    const now = this.#deps.clock.wallMs();
    return {
      jobId: this.settings.jobId,
      jobName: this.settings.jobName,
      startedAt: new Date(this.#startedMs).toISOString(),
      engine: `DuckDB ${this.#parts.version}`,
      actions: this.#recorder.actions.map((action) => actionReport(action, now)),
      failedTasks: this.#journal.failedTasks.map(({ id, step, rerun }) => ({
        id,
        step,
        rerun: "command" in rerun ? rerun.command : null,
      })),
    };
  }

  /** How far the newest running action is; null while none runs. */
  progress(): Progress | null {
    const action = this.#recorder.running;
    return action === undefined ? null : progressOf(action, this.#deps.clock.wallMs());
  }

  /** Shows progress on standard error until the session closes, in one way at a time. */
  showProgress(mode: ProgressMode): void {
    this.#recorder.watched = true;
    this.#hideProgress?.();
    const text = (width: number): string => {
      const progress = this.progress();
      return progress === null ? "" : progressText(progress, width);
    };
    this.#hideProgress = showProgress({ progressText: text }, mode);
  }

  /** Process ids of the executors there are now. */
  get executorPids(): readonly number[] {
    return this.#processes?.pids ?? [];
  }

  /**
   * Ends everything the session started, removes its intermediate files, and writes how it ended if any work was
   * staged or failed. Idempotent; running actions are interrupted, and the job with them unless `as` says otherwise.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { as } = options;
    if (this.#closing === undefined) this.#closing = this.#close(options);
    else if (as !== undefined) this.#closing = this.#closing.then(() => this.#journal.amend(as));
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
    const state = options.as ?? this.#outcome();
    this.#hideProgress?.();
    for (const work of this.#onClose) work();
    // Executors are ended at once: what they work at is not wanted any more.
    await Promise.all([this.#recorder.close(closed()), this.#processes?.close()]);
    const [torn] = await Promise.allSettled([this.#parts.calls.functions.close()]);
    await this.#lastLoad.catch(() => {});
    await this.#parts.database.close();
    const { directory } = this.#parts;
    const { started } = this.#journal;
    if (started) await this.#journal.end(state, this.#lastFiles());
    await directory.close({ report: started, work: state === "failed" });
    // A function that could not give up what it held: told when everything else is done.
    if (torn?.status === "rejected") throw torn.reason;
  }

  /** One failed action makes a failed job: what was asked for is not there. */
  #outcome(): "done" | "failed" | "interrupted" {
    if (this.#recorder.running !== undefined) return "interrupted";
    return this.#journal.failedActions > 0 ? "failed" : "done";
  }

  #lastFiles(): Record<string, string> {
    const { files } = this.#parts.directory;
    return {
      [files.report]: JSON.stringify(this.report(), null, 2),
      [files.timeline]: JSON.stringify(timeline(this.#recorder.actions)),
      [files.graph]: this.graph(),
    };
  }

  #openJournal(): JobJournal {
    const { clock, disk, owners } = this.#deps;
    const { files } = this.#parts.directory;
    const { jobId, jobName } = this.settings;
    const engine = `DuckDB ${this.#parts.version}`;
    const settings = (): object => ({ ...thisProcess(), engine, settings: this.settings });
    return new JobJournal(
      { clock, disk, files, recorder: this.#recorder, settings, graph: () => this.graph() },
      { jobId, jobName, startedMs: this.#startedMs, owner: owners.self },
    );
  }

  #taskFailed(place: FailurePlace, failure: TaskFailure): void {
    if (this.#recorder.closing) return;
    const { jobId, dataRoot, timeZone } = this.settings;
    const { staging } = this.#parts.directory.files;
    const process = thisProcess();
    const task = failedTask(failure, place, {
      jobId,
      dataRoot,
      staging,
      defaultRoot: defaultDataRoot(environment(), thisMachine()),
      settings: { timeZone, engine: `DuckDB ${this.#parts.version}`, directory: process.directory },
      nowMs: this.#deps.clock.wallMs(),
    });
    if (this.#journal.taskFailed(task)) this.#parts.directory.keep(task.staging);
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

  /** Fills a table in the background; whoever reads it waits, and hears of a failure. One load at a time. */
  #load(
    meta: NodeMeta,
    label: string,
    load: (connection: DatabaseConnection, table: string) => Promise<void>,
  ): LogicalNode {
    const node = values(meta, `pond_values_${meta.id}`, label);
    const loaded = this.#lastLoad.catch(() => {}).then(() => load(this.#parts.loading, node.table));
    loaded.catch(() => {});
    this.#lastLoad = loaded;
    this.#loads.set(node.table, loaded);
    return node;
  }

  /** 0 is this process. */
  #executorsFor(inputBytes: number): number {
    const { numExecutors, threads } = this.settings;
    if (numExecutors !== "auto") return numExecutors;
    return inputBytes <= INLINE_BYTES_MAX ? 0 : threads;
  }

  #runnerFor(inputBytes: number): InlineRunner | ProcessRunner {
    const { threads, memoryBytes, timeZone } = this.settings;
    const slots = this.#executorsFor(inputBytes);
    if (slots === 0) return this.#parts.home;
    const tempDirectory = this.#parts.directory.tempPath;
    this.#processes ??= new ProcessRunner(
      {
        clock: this.#deps.clock,
        permits: this.#parts.calls.calls.permits,
        output: passOn,
        home: this.#parts.home,
      },
      { slots, threads: Math.max(threads, slots), memoryBytes, tempDirectory, timeZone },
    );
    return this.#processes;
  }
}

export type { ActionOptions };

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
