/** What people type: a lazy frame, its verbs, and the actions that run it. */
import { PondError } from "@smallpond/base";
import type { RecordBatch, Table } from "apache-arrow";
import type { Column } from "../duckdb/schema.ts";
import type { Row } from "../duckdb/values/js-value.ts";
import type { FunctionForm } from "../functions/spec.ts";
import type { PlainFunction } from "../functions/user-function.ts";
import { distinct } from "../logical/distinct.ts";
import { drop } from "../logical/drop.ts";
import { filter } from "../logical/filter.ts";
import { join } from "../logical/join.ts";
import { limit } from "../logical/limit.ts";
import type { LogicalNode, NodeMeta } from "../logical/node.ts";
import { partialSort } from "../logical/partial-sort.ts";
import { partitionCount } from "../logical/partition-count.ts";
import { project } from "../logical/project.ts";
import { randomShuffle } from "../logical/random-shuffle.ts";
import { rename } from "../logical/rename.ts";
import { repartition } from "../logical/repartition.ts";
import { sort } from "../logical/sort.ts";
import { union } from "../logical/union.ts";
import { withColumns } from "../logical/with-columns.ts";
import { checkPartitions, checkRows, nothingGiven, type OneOrMore, oneOrMore } from "./arguments.ts";
import type { ActionOptions, Engine } from "./engine.ts";
import { type ExplainedPlan, type ExplainOptions, explainFrame } from "./explain.ts";
import type { FrameHost } from "./frame-host.ts";
import type { BatchOptions, CallOptions, FunctionOptions, ShippedFunction } from "./function-options.ts";
import { functionVerb } from "./function-verb.ts";
import { GroupedFrame, groupKeys } from "./grouped-frame.ts";
import { type JoinOptions, joinSettings } from "./join-options.ts";
import { countRows, readArrow, readRows, streamArrow, streamRows } from "./read-frame.ts";
import { type RepartitionOptions, repartitionSpec } from "./repartition-options.ts";
import { runAction } from "./run-action.ts";
import { selectList } from "./select-list.ts";
import { textTable } from "./text-table.ts";
import { type WriteFormat, type WriteOptionsOf, type WriteResult, writeFrame, writeNode } from "./write.ts";
import type {
  WriteArrowOptions,
  WriteCsvOptions,
  WriteJsonOptions,
  WriteParquetOptions,
} from "./write-options.ts";

const SHOWN_ROWS = 20;

export class DataFrame<R extends Row = Row> implements AsyncIterable<R[]> {
  /** The plan node; part of the low-level API. */
  readonly node: LogicalNode;
  readonly #host: FrameHost;

  constructor(host: FrameHost, node: LogicalNode) {
    this.#host = host;
    this.node = node;
    host.made(node);
  }

  /**
   * The plan node of what should be a frame of the session with this engine: `what` says of which call.
   *
   * @throws BAD_INPUT for anything else. Nodes are numbered per session, so another session's would be mistaken.
   */
  static nodeOf(frame: unknown, engine: Engine, what: string): LogicalNode {
    if (!(frame instanceof DataFrame)) {
      throw new PondError("BAD_INPUT", {
        kind: "invalid",
        message: `${what} must be a frame, got ${frame === null ? "null" : typeof frame}`,
        hint: "bind values with the tagged form: sp.sql`SELECT … WHERE delay > ${60}`",
      });
    }
    if (frame.#host.engine === engine) return frame.node;
    throw new PondError("BAD_INPUT", {
      kind: "invalid",
      message: `${what} is a frame of another session`,
      hint: "make both frames with one session, or write one to files and read those",
    });
  }

  // ---- rows and columns -------------------------------------------------------------------------------------

  /** Columns and expressions: `select("origin", "delay * 60 AS seconds")`, `select({ seconds: "delay * 60" })`. */
  select<S extends Row = Row>(
    ...columns: readonly (string | Readonly<Record<string, string>>)[]
  ): DataFrame<S> {
    return this.#next(project(this.#meta(), this.node, selectList(columns)));
  }

  /** All columns, some new or computed anew: `withColumns({ hours: "delay / 60" })`. */
  withColumns<S extends Row = Row>(columns: Readonly<Record<string, string>>): DataFrame<S> {
    if (Object.keys(columns).length === 0) throw nothingGiven("withColumns", "a column");
    return this.#next(withColumns(this.#meta(), this.node, { ...columns }));
  }

  /** All columns but these. A column that is not there is an error. */
  drop<S extends Row = Row>(...columns: readonly string[]): DataFrame<S> {
    if (columns.length === 0) throw nothingGiven("drop", "a column");
    return this.#next(drop(this.#meta(), this.node, columns));
  }

  /** The same columns under other names: `rename({ origin: "iata" })`. */
  rename<S extends Row = Row>(names: Readonly<Record<string, string>>): DataFrame<S> {
    if (Object.keys(names).length === 0) throw nothingGiven("rename", "a column");
    return this.#next(rename(this.#meta(), this.node, { ...names }));
  }

  /** Rows for which an SQL condition, or a function of the row, is true. */
  filter<A = undefined>(
    condition: string | PlainFunction<R, boolean | Promise<boolean>, A>,
    options?: CallOptions<A>,
  ): DataFrame<R>;
  filter<A = undefined, T = unknown>(
    condition: ShippedFunction<R, boolean | Promise<boolean>, T, A>,
    options?: CallOptions<A>,
  ): DataFrame<R>;
  filter(condition: unknown, options: object = {}): DataFrame<R> {
    if (typeof condition === "string") return this.#next(filter(this.#meta(), this.node, condition));
    return this.#function("filter", condition, options);
  }

  /** Each row to another: a SELECT list, or a function from row to row. */
  map<S extends Row = Row, A = undefined>(
    to: string | PlainFunction<R, S | Promise<S>, A>,
    options?: FunctionOptions<A>,
  ): DataFrame<S>;
  map<S extends Row = Row, A = undefined, T = unknown>(
    to: ShippedFunction<R, S | Promise<S>, T, A>,
    options?: FunctionOptions<A>,
  ): DataFrame<S>;
  map<S extends Row>(to: unknown, options: object = {}): DataFrame<S> {
    if (typeof to === "string") return this.#next(project(this.#meta(), this.node, to));
    return this.#function("map", to, options);
  }

  /** Each row to any number of rows: a SELECT list with `unnest`, or a function from row to rows. */
  flatMap<S extends Row = Row, A = undefined>(
    to: string | PlainFunction<R, Iterable<S> | Promise<Iterable<S>>, A>,
    options?: FunctionOptions<A>,
  ): DataFrame<S>;
  flatMap<S extends Row = Row, A = undefined, T = unknown>(
    to: ShippedFunction<R, Iterable<S> | Promise<Iterable<S>>, T, A>,
    options?: FunctionOptions<A>,
  ): DataFrame<S>;
  flatMap<S extends Row>(to: unknown, options: object = {}): DataFrame<S> {
    if (typeof to === "string") return this.#next(project(this.#meta(), this.node, to));
    return this.#function("flat-map", to, options);
  }

  /** Arrow tables of up to `batchSize` rows to Arrow tables. */
  mapBatches<S extends Row = Row, A = undefined>(
    to: PlainFunction<Table, Table | Promise<Table>, A>,
    options?: BatchOptions<A>,
  ): DataFrame<S>;
  mapBatches<S extends Row = Row, A = undefined, T = unknown>(
    to: ShippedFunction<Table, Table | Promise<Table>, T, A>,
    options?: BatchOptions<A>,
  ): DataFrame<S>;
  mapBatches<S extends Row>(to: unknown, options: object = {}): DataFrame<S> {
    return this.#function("batches", to, options);
  }

  // ---- whole frames -----------------------------------------------------------------------------------------

  /** Groups for `agg`: `groupBy("origin", { month: "month(date)" }).agg({ flights: "count(*)" })`. */
  groupBy(...keys: readonly (string | Readonly<Record<string, string>>)[]): GroupedFrame {
    return new GroupedFrame(this.node, groupKeys(keys), {
      meta: () => this.#meta(),
      frame: (node) => this.#next(node),
    });
  }

  /** One row for the whole frame: `agg({ flights: "count(*)" })`. */
  agg<S extends Row = Row>(aggregates: Readonly<Record<string, string>>): DataFrame<S> {
    return this.groupBy().agg(aggregates);
  }

  /** Rows of this and another frame that belong together. */
  join<S extends Row = Row>(other: DataFrame, options: JoinOptions = {}): DataFrame<S> {
    const settings = joinSettings(options);
    const right = DataFrame.nodeOf(other, this.#host.engine, "the right side of join()");
    return this.#next(join(this.#meta(), { left: this.node, right }, settings));
  }

  /** The whole frame in order: `sort("delay DESC", "origin")`; `{ partitions }` sorts in that many ranges. */
  sort(keys: OneOrMore<string>, options: { readonly partitions?: number } = {}): DataFrame<R> {
    const list = oneOrMore(keys);
    if (list.length === 0) throw nothingGiven("sort", "a key");
    const partitions = checkPartitions("sort", options.partitions);
    return this.#next(sort(this.#meta(), this.node, list, partitions));
  }

  /** Different rows only, or one row per value of some columns. */
  distinct(on?: OneOrMore<string>): DataFrame<R> {
    return this.#next(distinct(this.#meta(), this.node, on === undefined ? null : oneOrMore(on)));
  }

  /** All rows of both frames, columns matched by name. */
  union(other: OneOrMore<DataFrame>, options: { readonly fillMissing?: boolean } = {}): DataFrame<R> {
    const { engine } = this.#host;
    const nodes = oneOrMore(other).map((frame) => DataFrame.nodeOf(frame, engine, "an input of union()"));
    return this.#next(union(this.#meta(), [this.node, ...nodes], options.fillMissing ?? false));
  }

  /** At most `count` rows of the whole frame. */
  limit(count: number): DataFrame<R> {
    return this.#next(limit(this.#meta(), this.node, checkRows("limit", count)));
  }

  // ---- partitions -------------------------------------------------------------------------------------------

  /**
   * The same rows in `count` partitions: by files or rows as they come, by the hash of some columns (`hashBy`), by a
   * column whose value is the partition's number (`by`), by ranges of sort keys (`rangeBy`), or at random.
   */
  repartition(count: number, options: RepartitionOptions = {}): DataFrame<R> {
    return this.#next(repartition(this.#meta(), this.node, repartitionSpec(count, options)));
  }

  /** Rows dealt at random over the partitions there are, and in random order within each. */
  randomShuffle(options: { readonly seed?: number } = {}): DataFrame<R> {
    return this.#next(randomShuffle(this.#meta(), this.node, options.seed ?? null));
  }

  /** Each partition in order by itself: `partialSort("delay DESC")`. */
  partialSort(keys: OneOrMore<string>): DataFrame<R> {
    const list = oneOrMore(keys);
    if (list.length === 0) throw nothingGiven("partialSort", "a key");
    return this.#next(partialSort(this.#meta(), this.node, list));
  }

  /** How many partitions the frame has. */
  get partitions(): number {
    return partitionCount(this.node);
  }

  // ---- results ----------------------------------------------------------------------------------------------

  /** The number of rows. */
  async count(options: ActionOptions = {}): Promise<number> {
    return await countRows(this.#host, this.node, options);
  }

  /** The first `count` rows. */
  async take(count: number, options: ActionOptions = {}): Promise<R[]> {
    const first = limit(this.#meta(), this.node, checkRows("take", count));
    return await readRows(this.#host, { name: `take(${count})`, node: first, options });
  }

  /** All rows. */
  async takeAll(options: ActionOptions = {}): Promise<R[]> {
    return await readRows(this.#host, { name: "takeAll()", node: this.node, options });
  }

  /** All rows, in batches of some thousands as they are computed. Leaving the loop stops the query. */
  batches(options: ActionOptions = {}): AsyncGenerator<R[], void, undefined> {
    return streamRows(this.#host, this.node, options);
  }

  [Symbol.asyncIterator](): AsyncGenerator<R[], void, undefined> {
    return this.batches();
  }

  /** All rows as one Arrow table. */
  async toArrow(options: ActionOptions = {}): Promise<Table> {
    return await readArrow(this.#host, this.node, options);
  }

  /** All rows as Arrow record batches. */
  arrowBatches(options: ActionOptions & { readonly batchSize?: number } = {}): AsyncGenerator<RecordBatch> {
    return streamArrow(this.#host, this.node, options);
  }

  /**
   * Writes Parquet and returns what was written: at least one file per partition into a directory, or one file when
   * the path ends in `.parquet`. Nothing is at the target before all of it is.
   *
   * @throws TARGET_EXISTS when the target is there and `mode` is `error`, the default.
   * @throws UNSUPPORTED_TYPE for a column that Parquet has no form for, unless `casts` says what to write.
   */
  writeParquet(path: string, options: WriteParquetOptions & ActionOptions = {}): Promise<WriteResult> {
    return this.#write("parquet", path, options);
  }

  /** The written files as a frame; they are written when it is first computed. */
  writeParquetLazy(path: string, options: WriteParquetOptions = {}): DataFrame<R> {
    return this.#writeLazy("parquet", path, options);
  }

  /** Writes CSV, as `writeParquet` does: a directory, or one file when the path ends in `.csv`, `.csv.gz`, `.tsv` … */
  writeCsv(path: string, options: WriteCsvOptions & ActionOptions = {}): Promise<WriteResult> {
    return this.#write("csv", path, options);
  }

  /** This frame, which is also written when it is first computed: CSV itself would forget the types. */
  writeCsvLazy(path: string, options: WriteCsvOptions = {}): DataFrame<R> {
    return this.#writeLazy("csv", path, options);
  }

  /** Writes one JSON object per line, or one array per file: a directory, or one file when the path ends in `.json`, `.jsonl` … */
  writeJson(path: string, options: WriteJsonOptions & ActionOptions = {}): Promise<WriteResult> {
    return this.#write("json", path, options);
  }

  /** This frame, which is also written when it is first computed: JSON itself would forget the types. */
  writeJsonLazy(path: string, options: WriteJsonOptions = {}): DataFrame<R> {
    return this.#writeLazy("json", path, options);
  }

  /** Writes Arrow IPC, every type included: a directory, or one file when the path ends in `.arrow`, `.arrows` … */
  writeArrow(path: string, options: WriteArrowOptions & ActionOptions = {}): Promise<WriteResult> {
    return this.#write("arrow", path, options);
  }

  /** This frame, which is also written when it is first computed. */
  writeArrowLazy(path: string, options: WriteArrowOptions = {}): DataFrame<R> {
    return this.#writeLazy("arrow", path, options);
  }

  /** Runs the frame now and keeps its result for everything made from it, until the session closes. */
  async compute(options: ActionOptions = {}): Promise<this> {
    await runAction(this.#host, { name: "compute()", options }, (signal, action) =>
      this.#host.engine.compute(this.node, { signal, action }),
    );
    return this;
  }

  /** Whether the result is kept. */
  isComputed(): boolean {
    return this.#host.engine.isComputed(this.node);
  }

  /** Forgets the kept results of this frame and of all frames made from it, and runs it anew. */
  async recompute(options: ActionOptions = {}): Promise<this> {
    await this.#host.engine.forget(this.node);
    return await this.compute(options);
  }

  /** Column names and DuckDB types, without running anything but functions whose columns nobody gave. */
  async schema(): Promise<Column[]> {
    this.#host.expectOpen();
    const bound = await this.#host.engine.schema(this.node);
    return bound.map(({ name, type }) => ({ name, type }));
  }

  /**
   * The plan: as written, the stages that would run now, where, and about how many bytes each shuffle will move, from
   * what the files say of themselves. Nothing runs, unless `analyze` asks for it: then the frame is computed, its rows
   * are dropped, and every stage has what was measured. `json` is an object, `mermaid` a flowchart.
   */
  explain(options: ExplainOptions & { readonly format: "json" }): Promise<ExplainedPlan>;
  explain(options?: ExplainOptions): Promise<string>;
  async explain(options: ExplainOptions = {}): Promise<string | ExplainedPlan> {
    return await explainFrame(this.#host, this.node, options);
  }

  /** The first rows as a table of text. */
  async toText(count: number = SHOWN_ROWS): Promise<string> {
    const rows = await this.take(count + 1);
    return textTable(await this.schema(), rows.slice(0, count), { more: rows.length > count });
  }

  /** Prints the first rows. */
  async show(count: number = SHOWN_ROWS): Promise<void> {
    console.log(await this.toText(count));
  }

  // ---- inside -----------------------------------------------------------------------------------------------

  #meta(): NodeMeta {
    return this.#host.meta();
  }

  #next<S extends Row>(node: LogicalNode): DataFrame<S> {
    return new DataFrame<S>(this.#host, node);
  }

  async #write<F extends WriteFormat>(
    format: F,
    path: string,
    { signal, ...options }: WriteOptionsOf[F] & ActionOptions,
  ): Promise<WriteResult> {
    const request = { format, path, options: options as WriteOptionsOf[F], read: false };
    return await writeFrame(this.#host, this.node, request, { signal });
  }

  #writeLazy<F extends WriteFormat>(format: F, path: string, options: WriteOptionsOf[F]): DataFrame<R> {
    return this.#next(writeNode(() => this.#meta(), this.node, { format, path, options, read: true }));
  }

  #function<S extends Row>(form: FunctionForm, fn: unknown, options: object): DataFrame<S> {
    return this.#next(functionVerb(this.#host, this.node, { form, fn, options }));
  }
}
