/**
 * The session's machinery below the API: plans what is asked, runs the stages, keeps their results for later actions.
 */
import { type Clock, type Disk, isPondError } from "@smallpond/base";
import { listFiles } from "../dataset/paths.ts";
import { checkTarget, type PublishTarget, publish, stagingPath } from "../dataset/publish.ts";
import type { StoredDataset } from "../dataset/stored-dataset.ts";
import type { BoundSchema, Database, DatabaseConnection } from "../duckdb/database.ts";
import { SqlParser } from "../duckdb/parser.ts";
import type { TaskRunner } from "../execution/runner.ts";
import { runStages } from "../execution/scheduler.ts";
import type { FunctionNode } from "../logical/function.ts";
import {
  type FileScan,
  isFileScan,
  type LogicalNode,
  type NodeId,
  type NodeMeta,
  topological,
} from "../logical/node.ts";
import { isSingleFile, type WriteParquet } from "../logical/write-parquet.ts";
import { optimize } from "../optimizer/optimize.ts";
import type { RuleContext } from "../optimizer/rule.ts";
import { alignPartitions } from "../planner/align.ts";
import type { PlanContext } from "../planner/context.ts";
import { Emitter } from "../planner/emit.ts";
import { atNode } from "../planner/node-error.ts";
import { planStages, type StageHost } from "../planner/plan.ts";
import { schemaOf } from "../planner/schema-of.ts";
import type { StageTarget } from "../planner/stage-work.ts";
import type { Reader } from "../planner/stages.ts";
import type { JobDirectory } from "../storage/job-directory.ts";
import type { FunctionRegistry } from "./function-registry.ts";
import { ActionRecorder } from "./report.ts";

export interface EngineDeps {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly database: Database;
  /** For binding and parsing; never runs a job's query. */
  readonly planning: DatabaseConnection;
  readonly functions: FunctionRegistry;
  readonly directory: JobDirectory;
  /** Where tasks run, given the bytes their inputs have. */
  readonly runnerFor: (inputBytes: number) => TaskRunner;
  /** Resolves when the rows of a table of the session are in it. */
  readonly loaded: (table: string) => Promise<void>;
  readonly nextId: () => NodeId;
  readonly version: string;
}

/** A query that is ready to be read, on a connection of its own. */
export interface Reading extends AsyncDisposable {
  readonly connection: DatabaseConnection;
  readonly query: string;
  readonly root: LogicalNode;
}

interface Kept {
  readonly node: LogicalNode;
  readonly dataset: StoredDataset;
  /** Removed with the result; null for what people asked to have written. */
  readonly path: string | null;
}

export interface ActionOptions {
  readonly signal?: AbortSignal | undefined;
}

export class Engine {
  readonly actions: ActionRecorder[] = [];
  readonly parser: SqlParser;
  readonly #deps: EngineDeps;
  readonly #kept = new Map<NodeId, Kept>();
  #writes = 0;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.parser = new SqlParser(deps.planning);
  }

  /** Runs what must be run first and returns the query for the rows. */
  async read(node: LogicalNode, observe: "rows" | "order", options: ActionOptions): Promise<Reading> {
    const context = this.#context();
    const root = await this.#prepare(context, node, observe);
    await this.#run(context, root, "whole", options);
    const emitter = new Emitter(context, "run");
    try {
      const name = await emitter.whole(root);
      const query = emitter.statement(`SELECT * FROM ${name}`)(0);
      const connection = await this.#deps.database.connect();
      return { connection, query, root, [Symbol.asyncDispose]: () => connection.close() };
    } catch (error) {
      throw await this.#locate(context, root, error);
    }
  }

  /** Runs a frame to its end and keeps the result: later actions, and frames made from it, read it. */
  async compute(node: LogicalNode, options: ActionOptions): Promise<StoredDataset> {
    const kept = this.#kept.get(node.id);
    if (kept !== undefined) return kept.dataset;
    const context = this.#context();
    const root = await this.#prepare(context, node, "partitions");
    await this.#run(context, root, "kept", options);
    return this.#kept.get(node.id)!.dataset;
  }

  isComputed(node: LogicalNode): boolean {
    return this.#kept.has(node.id);
  }

  /** Forgets the result of a node and of everything made from it. */
  async forget(node: LogicalNode): Promise<void> {
    for (const [id, kept] of [...this.#kept]) {
      if (!topological(kept.node).some((one) => one.id === node.id)) continue;
      this.#kept.delete(id);
      if (kept.path !== null) await this.#deps.directory.removeTree(kept.path);
    }
  }

  async schema(node: LogicalNode): Promise<BoundSchema> {
    const context = this.#context();
    return await schemaOf(context, await this.#prepare(context, node, "rows"));
  }

  /** The plan as it would run now for all its rows. */
  async plan(node: LogicalNode): Promise<{ root: LogicalNode; stages: readonly string[] }> {
    const context = this.#context();
    const root = await this.#prepare(context, node, "order");
    const graph = await planStages(context, this.#host(), root, "whole");
    return { root, stages: graph.stages.map((stage) => stage.name) };
  }

  /** Records an action from its start to its end, whichever way it ends. */
  async record<T>(name: string, work: () => Promise<T>): Promise<T> {
    const action = new ActionRecorder(name, this.#deps.clock.wallMs());
    this.actions.push(action);
    if (this.actions.length > ACTIONS_MAX) this.actions.shift();
    try {
      const result = await work();
      action.end("done", this.#deps.clock.wallMs());
      return result;
    } catch (error) {
      action.end("failed", this.#deps.clock.wallMs());
      throw error;
    }
  }

  /** An error of a running query, with the step it belongs to. */
  async explainFailure(root: LogicalNode, error: unknown): Promise<unknown> {
    return await this.#locate(this.#context(), root, error);
  }

  async #prepare(
    context: PlanContext,
    node: LogicalNode,
    observe: RuleContext["observe"],
  ): Promise<LogicalNode> {
    for (const one of topological(node)) if (one.kind === "values") await this.#deps.loaded(one.table);
    const derive = (of: LogicalNode): NodeMeta => ({ id: this.#deps.nextId(), origin: of.origin });
    const isStored = (one: LogicalNode): boolean => this.#kept.has(one.id);
    try {
      const optimized = optimize(node, { isStored, observe, derive });
      return await alignPartitions(context, optimized, derive);
    } catch (error) {
      throw atNode(error, node);
    }
  }

  async #run(
    context: PlanContext,
    root: LogicalNode,
    reader: Reader | "kept",
    options: ActionOptions,
  ): Promise<void> {
    const { clock } = this.#deps;
    for (const node of topological(root)) {
      if (node.kind === "write-parquet" && !this.#kept.has(node.id)) await this.#checkWrite(node);
    }
    const { stages } = await planStages(context, this.#host(), root, reader);
    if (stages.length === 0) return;
    const runner = this.#deps.runnerFor(await this.#inputBytes(context, root));
    const action = this.actions[this.actions.length - 1];
    await runStages({ clock, runner, events: (event) => action?.events.push(event) }, stages, options);
  }

  #host(): StageHost {
    return {
      target: (node) => this.#target(node),
      functionColumns: (id) => this.#deps.functions.columns(id),
    };
  }

  async #target(node: LogicalNode): Promise<StageTarget> {
    const { directory, disk } = this.#deps;
    if (node.kind === "write-parquet") return await this.#writeTarget(node);
    const path = await directory.stage(node.kind);
    return {
      directory: (task, attempt) => `${path}/t${task}.a${attempt}`,
      done: async (dataset) => {
        const before = this.#kept.get(node.id);
        this.#kept.set(node.id, { node, dataset, path });
        if (before?.path != null) await disk.removeTree(before.path);
      },
      abandon: () => disk.removeTree(path),
    };
  }

  async #checkWrite(node: WriteParquet): Promise<void> {
    try {
      await checkTarget(this.#deps.disk, publishTarget(node, ""));
    } catch (error) {
      throw atNode(error, node);
    }
  }

  async #writeTarget(node: WriteParquet): Promise<StageTarget> {
    const { disk, directory } = this.#deps;
    const job = directory.path.slice(-8);
    const target = publishTarget(node, `${job}-${this.#writes++}`);
    const staging = stagingPath(target);
    await disk.mkdir(staging, { recursive: true });
    return {
      directory: (task, attempt) => `${staging}/t${task}.a${attempt}`,
      done: async (dataset) => {
        const published = await publish(disk, dataset, target);
        this.#kept.set(node.id, { node, dataset: published, path: null });
      },
      abandon: () => disk.removeTree(staging),
    };
  }

  #context(): PlanContext {
    const { planning, disk, version } = this.#deps;
    const files = new Map<NodeId, Promise<readonly string[]>>();
    return {
      connection: planning,
      parser: this.parser,
      disk,
      engine: version,
      stored: (id) => this.#kept.get(id)?.dataset,
      run: (node) => this.#runFunction(node),
      files: (scan) => {
        const listed = files.get(scan.id) ?? this.#listFiles(scan);
        files.set(scan.id, listed);
        return listed;
      },
      schemas: new Map(),
    };
  }

  async #runFunction(node: FunctionNode): Promise<StoredDataset> {
    return await this.compute(node, {});
  }

  async #listFiles(scan: FileScan): Promise<readonly string[]> {
    const { disk, planning } = this.#deps;
    try {
      return await listFiles(disk, planning, {
        paths: scan.paths,
        extensions: EXTENSIONS[scan.kind],
        recursive: scan.kind === "parquet-scan" && scan.options.recursive === true,
      });
    } catch (error) {
      throw atNode(error, scan);
    }
  }

  async #inputBytes(context: PlanContext, root: LogicalNode): Promise<number> {
    let bytes = 0;
    for (const node of topological(root)) {
      const kept = this.#kept.get(node.id);
      if (kept !== undefined)
        bytes += kept.dataset.partitions.flat().reduce((sum, file) => sum + file.bytes, 0);
      else if (isFileScan(node)) bytes += await this.#scanBytes(await context.files(node));
    }
    return bytes;
  }

  /** The size of the files; of many, estimated from some. */
  async #scanBytes(files: readonly string[]): Promise<number> {
    const some = files.slice(0, STAT_FILES_MAX);
    const sizes = await Promise.all(some.map(async (file) => (await this.#deps.disk.stat(file)).size));
    const sum = sizes.reduce((total, size) => total + size, 0);
    return some.length === 0 ? 0 : (sum / some.length) * files.length;
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
    return atNode(error, root);
  }
}

const EXTENSIONS = {
  "parquet-scan": [".parquet", ".parq", ".pq"],
  "csv-scan": [".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst"],
  "json-scan": [".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz"],
} as const;

const STAT_FILES_MAX = 200;
const ACTIONS_MAX = 1_000;

function publishTarget(node: WriteParquet, tag: string): PublishTarget {
  return { path: node.path, singleFile: isSingleFile(node), mode: node.options.mode ?? "error", tag };
}
