/**
 * The session's machinery below the API: plans what is asked, runs the stages, keeps their results for later actions.
 */
import type { StoredDataset } from "../dataset/stored-dataset.ts";
import type { BoundSchema, Database, DatabaseConnection } from "../duckdb/database.ts";
import type { LogicalNode, NodeId } from "../logical/node.ts";
import type { Write } from "../logical/write.ts";
import { Emitter } from "../planner/emit.ts";
import { Estimator } from "../planner/estimate.ts";
import { planStages } from "../planner/plan.ts";
import { schemaOf } from "../planner/schema-of.ts";
import type { Size } from "../planner/size.ts";
import type { PlannedFrame } from "./explain.ts";
import { type ActionContext, FramePlanner, type PlannerDeps } from "./frame-planner.ts";
import { FrameRunner, type RunnerDeps, type RunOptions } from "./frame-runner.ts";
import { KeptResults } from "./kept-results.ts";
import { newPromise } from "./new-promise.ts";
import type { ActionRecorder, Recorder } from "./recorder.ts";

export interface EngineDeps extends PlannerDeps, RunnerDeps {
  readonly database: Database;
  readonly recorder: Recorder;
  /** How many executors would work on inputs of so many bytes; 0 is this process. */
  readonly executorsFor: (inputBytes: number) => number;
}

/** A query that is ready to be read, on a connection of its own. */
export interface Reading extends AsyncDisposable {
  readonly connection: DatabaseConnection;
  readonly query: string;
  readonly root: LogicalNode;
  readonly action: ActionRecorder | undefined;
}

export interface ActionOptions {
  readonly signal?: AbortSignal | undefined;
}

export class Engine {
  readonly #deps: EngineDeps;
  readonly #kept: KeptResults;
  readonly #planner: FramePlanner;
  readonly #runner: FrameRunner;
  /** Resolves when the newest action that runs stages is done with them. */
  #stages: Promise<void> = Promise.resolve();

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#kept = new KeptResults(deps);
    this.#planner = new FramePlanner(deps, this.#kept);
    this.#runner = new FrameRunner(deps, this.#kept);
  }

  /** Runs what must be run first and returns the query for the rows. */
  async read(node: LogicalNode, observe: "rows" | "order", options: RunOptions): Promise<Reading> {
    return await this.#told(() => this.#read(node, observe, options, false));
  }

  /** A query that names a function which could not be made fails with the reason why. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#deps.udfs.told(error);
    }
  }

  async #read(
    node: LogicalNode,
    observe: "rows" | "order",
    options: RunOptions,
    locked: boolean,
  ): Promise<Reading> {
    const context = this.#context(locked, options);
    const root = await this.#planner.prepare(context, node, observe);
    const run = (): Promise<void> => this.#runner.run(this.#context(true, options), root, "whole", options);
    await (locked ? run() : this.#alone(run));
    const emitter = new Emitter(context, "run");
    try {
      const name = await emitter.whole(root);
      const query = emitter.statement(`SELECT * FROM ${name}`)(0);
      const connection = await this.#deps.database.connect();
      const { action } = options;
      try {
        if (action !== undefined) await this.#noteQuery(action, connection);
      } catch (error) {
        await connection.close();
        throw error;
      }
      return { connection, query, root, action, [Symbol.asyncDispose]: () => connection.close() };
    } catch (error) {
      throw await this.#planner.locate(context, root, error);
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
    return await this.#told(() => this.#alone(() => this.#computeLocked(node, options)));
  }

  /** Writes, and returns the files. Nothing is kept of it: they are people's. */
  async write(node: Write, options: RunOptions): Promise<StoredDataset> {
    const write = async (): Promise<StoredDataset> => {
      await this.#computeLocked(node, options);
      const { written } = this.#kept.get(node.id)!;
      this.#kept.drop(node.id);
      return written!;
    };
    return await this.#told(() => this.#alone(write));
  }

  async #computeLocked(node: LogicalNode, options: RunOptions): Promise<StoredDataset> {
    const context = this.#context(true, options);
    const root = await this.#planner.prepare(context, node, "partitions");
    await this.#runner.run(context, root, "kept", options);
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

  /** Forgets the result of a node and of everything made from it, when no stage runs that reads it. */
  async forget(node: LogicalNode): Promise<void> {
    await this.#alone(() => this.#kept.forget(node));
  }

  async schema(node: LogicalNode): Promise<BoundSchema> {
    const context = this.#context();
    return await this.#told(async () =>
      schemaOf(context, await this.#planner.prepare(context, node, "rows")),
    );
  }

  /** The plan as it would run now for all its rows, and how much is thought to go through it. */
  async plan(node: LogicalNode): Promise<PlannedFrame> {
    const context = this.#context();
    const root = await this.#planner.prepare(context, node, "order");
    const { stages, steps } = await planStages(context, this.#runner.host(context), root, "whole");
    const estimator = new Estimator(context);
    const sizes = new Map<NodeId, Size | null>();
    for (const one of [...steps.map((step) => step.node), root]) sizes.set(one.id, await estimator.of(one));
    const executors = this.#deps.executorsFor(await context.inputs.bytes(root));
    return { root, names: stages.map((stage) => stage.name), steps, sizes, executors };
  }

  /** An error of a running query, with the step it belongs to. */
  async explainFailure(root: LogicalNode, error: unknown): Promise<unknown> {
    return this.#deps.udfs.told(await this.#planner.locate(this.#context(), root, error));
  }

  /** The plan context of one action. `locked` says that the action holds the right to run stages. */
  #context(locked: boolean = false, { signal }: ActionOptions = {}): ActionContext {
    return this.#planner.context({
      compute: (node) => (locked ? this.#computeLocked(node, { signal }) : this.compute(node, { signal })),
      read: (node) => this.#read(node, "order", { signal }, locked),
      signal,
    });
  }
}
