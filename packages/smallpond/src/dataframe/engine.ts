/**
 * The session's machinery below the API: plans what is asked, runs the stages, keeps their results for later actions.
 */
import { type Clock, type Disk, isPondError } from "@smallpond/base";
import { datasetBytes, type StoredDataset } from "../dataset/stored-dataset.ts";
import type { BoundSchema, Database, DatabaseConnection } from "../duckdb/database.ts";
import type { SqlParser } from "../duckdb/parser.ts";
import type { FunctionHost } from "../execution/function-task.ts";
import type { TaskRunner } from "../execution/runner.ts";
import { runStages, type TaskFailure } from "../execution/scheduler.ts";
import { isFileScan, type LogicalNode, type NodeId, type NodeMeta, topological } from "../logical/node.ts";
import type { Write } from "../logical/write.ts";
import { optimize } from "../optimizer/optimize.ts";
import type { RuleContext } from "../optimizer/rule.ts";
import { alignPartitions } from "../planner/align.ts";
import type { PlanContext } from "../planner/context.ts";
import { Emitter } from "../planner/emit.ts";
import { Estimator } from "../planner/estimate.ts";
import { atNode, culprit } from "../planner/node-error.ts";
import { planStages, type StageGraph, type StageHost } from "../planner/plan.ts";
import { schemaOf } from "../planner/schema-of.ts";
import type { Size } from "../planner/size.ts";
import { frontier } from "../planner/stage-steps.ts";
import type { StageTarget } from "../planner/stage-work.ts";
import type { Reader } from "../planner/stages.ts";
import type { JobDirectory } from "../storage/job-directory.ts";
import type { Owners } from "../storage/owner.ts";
import type { PlannedFrame } from "./explain.ts";
import type { FailurePlace } from "./failed-tasks.ts";
import { type ActionReads, FunctionPlanning } from "./function-planning.ts";
import type { FunctionRegistry } from "./function-registry.ts";
import { Inputs, type TypedScans } from "./inputs.ts";
import { newPromise } from "./new-promise.ts";
import type { ActionPlan, ActionRecorder, Recorder } from "./recorder.ts";
import type { UdfRegistry } from "./udf-registry.ts";
import { checkWrite, rowsOf, writeTarget } from "./write-target.ts";

export interface EngineDeps {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly database: Database;
  /** For binding and parsing; never runs a job's query. */
  readonly planning: DatabaseConnection;
  readonly functions: FunctionRegistry;
  readonly udfs: UdfRegistry;
  readonly parser: SqlParser;
  /** Calls functions in this process. */
  readonly calls: FunctionHost;
  readonly directory: JobDirectory;
  readonly owners: Owners;
  readonly recorder: Recorder;
  /** Told of a task that failed for good. */
  readonly taskFailed: (place: FailurePlace, failure: TaskFailure) => void;
  /** Where tasks run, given the bytes their inputs have. */
  readonly runnerFor: (inputBytes: number) => TaskRunner;
  /** How many executors that would use; 0 is this process. */
  readonly executorsFor: (inputBytes: number) => number;
  /** Resolves when the rows of a table of the session are in it. */
  readonly loaded: (table: string) => Promise<void>;
  readonly nextId: () => NodeId;
  readonly version: string;
  readonly taskTimeoutMs: number | null;
}

/** A query that is ready to be read, on a connection of its own. */
export interface Reading extends AsyncDisposable {
  readonly connection: DatabaseConnection;
  readonly query: string;
  readonly root: LogicalNode;
  readonly action: ActionRecorder | undefined;
}

interface Kept {
  readonly node: LogicalNode;
  readonly dataset: StoredDataset;
  /** The files of a write, where people find them. */
  readonly written?: StoredDataset;
  /** The input files it was made from, by scan. */
  readonly inputs: ReadonlyMap<NodeId, string>;
  /** Removed with the result; null for what people asked to have written. */
  readonly path: string | null;
}

export interface ActionOptions {
  readonly signal?: AbortSignal | undefined;
}

/** An action under way. */
export interface RunOptions extends ActionOptions {
  readonly action?: ActionRecorder;
}

interface ActionContext extends PlanContext {
  readonly inputs: Inputs;
}

export class Engine {
  readonly parser: SqlParser;
  readonly #deps: EngineDeps;
  readonly #kept = new Map<NodeId, Kept>();
  /** Numbers of nodes that stand for a part of another in every plan, by that node and the part's name. */
  readonly #parts = new Map<NodeId, Map<string, NodeId>>();
  readonly #typed: TypedScans = new Map();
  readonly #functions: FunctionPlanning;
  #stages: Promise<void> = Promise.resolve();
  #writes = 0;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.parser = deps.parser;
    this.#functions = new FunctionPlanning({ ...deps, isStored: (node) => this.#kept.has(node.id) });
  }

  /** Runs what must be run first and returns the query for the rows. */
  async read(node: LogicalNode, observe: "rows" | "order", options: RunOptions): Promise<Reading> {
    return await this.#read(node, observe, options, false);
  }

  async #read(
    node: LogicalNode,
    observe: "rows" | "order",
    options: RunOptions,
    locked: boolean,
  ): Promise<Reading> {
    const context = this.#context(locked, options);
    const root = await this.#prepare(context, node, observe);
    const run = (): Promise<void> => this.#run(this.#context(true, options), root, "whole", options);
    await (locked ? run() : this.#alone(run));
    const emitter = new Emitter(context, "run");
    try {
      const name = await emitter.whole(root);
      const query = emitter.statement(`SELECT * FROM ${name}`)(0);
      const connection = await this.#deps.database.connect();
      const { action } = options;
      if (action !== undefined) await this.#noteQuery(action, connection);
      return { connection, query, root, action, [Symbol.asyncDispose]: () => connection.close() };
    } catch (error) {
      throw await this.#locate(context, root, error);
    }
  }

  /** The connection is about to run the query that gives the action's rows. */
  async #noteQuery(action: ActionRecorder, connection: DatabaseConnection): Promise<void> {
    action.queryStartMs = this.#deps.clock.wallMs();
    if (!this.recorder.watched) return;
    await connection.countProgress();
    action.queryShare = () => connection.progress();
  }

  /** Runs a frame to its end and keeps the result: later actions, and frames made from it, read it. */
  async compute(node: LogicalNode, options: RunOptions): Promise<StoredDataset> {
    return await this.#alone(() => this.#computeLocked(node, options));
  }

  /** Writes, and returns the files. Nothing is kept of it: they are people's. */
  async write(node: Write, options: RunOptions): Promise<StoredDataset> {
    return await this.#alone(async () => {
      await this.#computeLocked(node, options);
      const { written } = this.#kept.get(node.id)!;
      this.#kept.delete(node.id);
      return written!;
    });
  }

  async #computeLocked(node: LogicalNode, options: RunOptions): Promise<StoredDataset> {
    const context = this.#context(true, options);
    const root = await this.#prepare(context, node, "partitions");
    await this.#run(context, root, "kept", options);
    return this.#kept.get(node.id)!.dataset;
  }

  /** Actions run stages one after another: two that need the same stage run it once, and see one result. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#stages;
    const { promise, resolve } = newPromise();
    this.#stages = promise;
    await before;
    try {
      return await work();
    } finally {
      resolve();
    }
  }

  get recorder(): Recorder {
    return this.#deps.recorder;
  }

  isComputed(node: LogicalNode): boolean {
    return this.#kept.has(node.id);
  }

  /** Forgets the result of a node and of everything made from it. */
  async forget(node: LogicalNode): Promise<void> {
    const gone = new Set([node.id, ...(this.#parts.get(node.id)?.values() ?? [])]);
    for (const [id, kept] of [...this.#kept]) {
      if (!topological(kept.node).some((one) => gone.has(one.id))) continue;
      this.#kept.delete(id);
      if (kept.path !== null) await this.#deps.directory.removeTree(kept.path);
    }
  }

  async schema(node: LogicalNode): Promise<BoundSchema> {
    const context = this.#context();
    return await schemaOf(context, await this.#prepare(context, node, "rows"));
  }

  /** The plan as it would run now for all its rows, and how much is thought to go through it. */
  async plan(node: LogicalNode): Promise<PlannedFrame> {
    const context = this.#context();
    const root = await this.#prepare(context, node, "order");
    const { stages, steps } = await planStages(context, this.#host(context), root, "whole");
    const estimator = new Estimator(context);
    const sizes = new Map<NodeId, Size | null>();
    for (const one of [...steps.map((step) => step.node), root]) sizes.set(one.id, await estimator.of(one));
    const executors = this.#deps.executorsFor(await context.inputs.bytes(root));
    return { root, names: stages.map((stage) => stage.name), steps, sizes, executors };
  }

  /** An error of a running query, with the step it belongs to. */
  async explainFailure(root: LogicalNode, error: unknown): Promise<unknown> {
    return await this.#locate(this.#context(), root, error);
  }

  async #prepare(
    context: ActionContext,
    node: LogicalNode,
    observe: RuleContext["observe"],
  ): Promise<LogicalNode> {
    await this.#deps.udfs.ready();
    await this.#forgetStale(context, node);
    for (const one of topological(node)) if (one.kind === "values") await this.#deps.loaded(one.table);
    const derive = (of: LogicalNode, part?: string): NodeMeta => {
      const id = part === undefined ? this.#deps.nextId() : this.#partId(of.id, part);
      return { id, origin: of.origin };
    };
    const isStored = (one: LogicalNode): boolean => this.#kept.has(one.id);
    try {
      const optimized = optimize(node, { isStored, observe, derive });
      await this.#functions.check(optimized);
      return await alignPartitions(context, optimized, derive);
    } catch (error) {
      throw atNode(error, node);
    }
  }

  /** Results made from files that have changed since are never used again (invariant S4). */
  async #forgetStale(context: ActionContext, root: LogicalNode): Promise<void> {
    // What was written is as it is, whatever became of what it was made from.
    const isWritten = (node: LogicalNode): boolean => node.kind === "write" && this.#kept.has(node.id);
    const ids = topological(root, isWritten).flatMap((node) => [
      node.id,
      ...(this.#parts.get(node.id)?.values() ?? []),
    ]);
    for (const id of ids) {
      const kept = this.#kept.get(id);
      if (kept === undefined || kept.node.kind === "write") continue;
      const now = await context.inputs.fingerprints(kept.node);
      const same = [...kept.inputs].every(([scan, print]) => now.get(scan) === print);
      if (!same) await this.forget(kept.node);
    }
  }

  #partId(of: NodeId, part: string): NodeId {
    const parts = this.#parts.get(of) ?? new Map<string, NodeId>();
    this.#parts.set(of, parts);
    const id = parts.get(part) ?? this.#deps.nextId();
    parts.set(part, id);
    return id;
  }

  async #run(
    context: ActionContext,
    root: LogicalNode,
    reader: Reader | "kept",
    options: RunOptions,
  ): Promise<void> {
    const { clock } = this.#deps;
    for (const node of topological(root)) {
      if (node.kind === "write" && !this.#kept.has(node.id)) await checkWrite(this.#deps, context, node);
    }
    const graph = await planStages(context, this.#host(context), root, reader);
    const { action } = options;
    const noted = action?.run(await this.#actionPlan(context, graph, root, reader));
    if (graph.stages.length === 0) return;
    const runner = this.#deps.runnerFor(await context.inputs.bytes(root));
    const { taskTimeoutMs, taskFailed } = this.#deps;
    const events = noted?.events ?? ((): void => {});
    const failed = (failure: TaskFailure): void => {
      const stage = noted?.stage(failure.stage.id);
      if (stage !== undefined) taskFailed({ action: action!.name, stage }, failure);
    };
    const stages = this.#deps.udfs.carried(graph.stages);
    await runStages({ clock, runner, events, failed }, stages, { ...options, taskTimeoutMs });
  }

  /** What is about to run, for the report. */
  async #actionPlan(
    context: ActionContext,
    graph: StageGraph,
    root: LogicalNode,
    reader: Reader | "kept",
  ): Promise<ActionPlan> {
    const { steps } = graph;
    const cut = new Set(steps.map((step) => step.node));
    const isResult = (node: LogicalNode): boolean => cut.has(node) || this.#kept.has(node.id);
    const query = isResult(root) ? { reads: [root], computes: [] } : frontier(root, isResult);
    const inputBytes = new Map<NodeId, number>();
    for (const node of [...steps, query].flatMap(({ reads }) => reads)) {
      const kept = this.#kept.get(node.id);
      if (kept !== undefined) inputBytes.set(node.id, datasetBytes(kept.dataset));
      else if (isFileScan(node)) inputBytes.set(node.id, (await context.inputs.of(node)).bytes);
    }
    return { steps, inputBytes, query: reader === "kept" ? null : { node: root, ...query } };
  }

  #host(context: ActionContext): StageHost {
    return {
      target: (node) => this.#target(context, node),
    };
  }

  async #target(context: ActionContext, node: LogicalNode): Promise<StageTarget> {
    const { directory, disk } = this.#deps;
    // Taken before anything is read: a file that changes meanwhile is then seen to have changed.
    const inputs = await context.inputs.fingerprints(node);
    if (node.kind === "write") return await this.#writeTarget(node, inputs);
    const path = await directory.stage(node.kind);
    return {
      root: path,
      done: async (dataset) => {
        const before = this.#kept.get(node.id);
        this.#kept.set(node.id, { node, dataset, path, inputs });
        if (before?.path != null) await directory.removeTree(before.path);
      },
      abandon: () => disk.removeTree(path),
    };
  }

  async #writeTarget(node: Write, inputs: Kept["inputs"]): Promise<StageTarget> {
    const tag = `${this.#deps.directory.path.slice(-8)}-${this.#writes++}`;
    return await writeTarget(this.#deps, node, tag, (written) => {
      const dataset = rowsOf(node, written, this.#kept.get(node.inputs[0]!.id)?.dataset);
      this.#kept.set(node.id, { node, dataset, written, path: null, inputs });
    });
  }

  /** The plan context of one action. `locked` says that the action holds the right to run stages. */
  #context(locked: boolean = false, options: ActionOptions = {}): ActionContext {
    const { planning, disk, version, functions } = this.#deps;
    const inputs = new Inputs(disk, planning, this.#typed);
    const { signal } = options;
    const reads: ActionReads = {
      compute: (node) => (locked ? this.#computeLocked(node, { signal }) : this.compute(node, { signal })),
      read: (node) => this.#read(node, "order", { signal }, locked),
      signal,
    };
    const context: ActionContext = {
      inputs,
      connection: planning,
      parser: this.parser,
      disk,
      engine: version,
      stored: (id) => this.#kept.get(id)?.dataset,
      function: (node) => functions.spec(node.functionId),
      columns: (node) => this.#functions.columns(context, node, reads),
      learned: (node, columns) => functions.learn(node.functionId, columns),
      files: async (scan) => (await inputs.of(scan)).files,
      inferred: (scan) => inputs.inferred(scan),
      schemas: new Map(),
    };
    return context;
  }

  /** Binds the plan step by step: if that fails too, the error belongs to the first step that fails. */
  async #locate(context: PlanContext, root: LogicalNode, error: unknown): Promise<unknown> {
    if (!isPondError(error) || "step" in error.details) return error;
    if (error.code === "INTERRUPTED" || error.code === "OUT_OF_MEMORY") return atNode(error, root);
    try {
      await schemaOf(context, root);
    } catch (located) {
      return located;
    }
    return atNode(error, culprit(error, root));
  }
}
