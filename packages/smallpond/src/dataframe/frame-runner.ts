/** Runs the stages of a prepared frame, and keeps or publishes what they leave. */
import type { Clock, Disk } from "@smallpond/base";
import { datasetBytes } from "../dataset/stored-dataset.ts";
import type { TaskRunner } from "../execution/runner.ts";
import { runStages, type TaskFailure } from "../execution/scheduler.ts";
import { isFileScan, type LogicalNode, type NodeId, topological } from "../logical/node.ts";
import type { Write } from "../logical/write.ts";
import { planStages, type StageGraph, type StageHost } from "../planner/plan.ts";
import { frontier } from "../planner/stage-steps.ts";
import type { StageTarget } from "../planner/stage-work.ts";
import type { Reader } from "../planner/stages.ts";
import type { JobDirectory } from "../storage/job-directory.ts";
import type { Owners } from "../storage/owner.ts";
import type { FailurePlace } from "./failed-tasks.ts";
import type { ActionContext } from "./frame-planner.ts";
import type { Kept, KeptResults } from "./kept-results.ts";
import type { ActionPlan, ActionRecorder } from "./recorder.ts";
import type { UdfRegistry } from "./udf-registry.ts";
import { checkWrite, rowsOf, writeTarget } from "./write-target.ts";

export interface RunnerDeps {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly directory: JobDirectory;
  readonly owners: Owners;
  readonly udfs: UdfRegistry;
  /** Where tasks run, given the bytes their inputs have. */
  readonly runnerFor: (inputBytes: number) => TaskRunner;
  /** Told of a task that failed for good. */
  readonly taskFailed: (place: FailurePlace, failure: TaskFailure) => void;
  readonly taskTimeoutMs: number | null;
}

/** An action under way. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly action?: ActionRecorder;
}

export class FrameRunner {
  readonly #deps: RunnerDeps;
  readonly #kept: KeptResults;
  #writes = 0;

  constructor(deps: RunnerDeps, kept: KeptResults) {
    this.#deps = deps;
    this.#kept = kept;
  }

  /** Runs what must be run before the frame can be read so; with `kept`, the frame itself. */
  async run(
    context: ActionContext,
    root: LogicalNode,
    reader: Reader | "kept",
    options: RunOptions,
  ): Promise<void> {
    const { clock, udfs, runnerFor, taskFailed, taskTimeoutMs } = this.#deps;
    for (const node of topological(root)) {
      if (node.kind === "write" && !this.#kept.has(node.id)) await checkWrite(this.#deps, context, node);
    }
    const graph = await planStages(context, this.host(context), root, reader);
    const { action } = options;
    const noted = action?.run(await this.#actionPlan(context, graph, root, reader));
    if (graph.stages.length === 0) return;
    const runner = runnerFor(await context.inputs.bytes(root));
    const events = noted?.events ?? ((): void => {});
    const failed = (failure: TaskFailure): void => {
      const stage = noted?.stage(failure.stage.id);
      if (stage !== undefined) taskFailed({ action: action!.name, stage }, failure);
    };
    await runStages({ clock, runner, events, failed }, udfs.carried(graph.stages), {
      ...options,
      taskTimeoutMs,
    });
  }

  /** Where the stages of a plan leave what they make. */
  host(context: ActionContext): StageHost {
    return { target: (node) => this.#target(context, node) };
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

  async #target(context: ActionContext, node: LogicalNode): Promise<StageTarget> {
    const { directory, disk } = this.#deps;
    // Taken before anything is read: a file that changes meanwhile is then seen to have changed.
    const inputs = await context.inputs.fingerprints(node);
    if (node.kind === "write") return await this.#writeTarget(node, inputs);
    const path = await directory.stage(node.kind);
    return {
      root: path,
      done: async (dataset) => {
        const before = this.#kept.keep({ node, dataset, path, inputs });
        if (before?.path != null) await directory.removeTree(before.path);
      },
      abandon: () => disk.removeTree(path),
    };
  }

  async #writeTarget(node: Write, inputs: Kept["inputs"]): Promise<StageTarget> {
    const tag = `${this.#deps.directory.path.slice(-8)}-${this.#writes++}`;
    return await writeTarget(this.#deps, node, tag, (written) => {
      const dataset = rowsOf(node, written, this.#kept.get(node.inputs[0]!.id)?.dataset);
      this.#kept.keep({ node, dataset, written, path: null, inputs });
    });
  }
}
