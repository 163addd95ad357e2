/** From a frame and what is asked of it to the stages to run and the query to read at the end. */
import { writingError } from "../dataset/sink-errors.ts";
import type { ScheduledStage, StageWork } from "../execution/scheduler.ts";
import type { LogicalNode } from "../logical/node.ts";
import { partitionCount } from "../logical/partition-count.ts";
import type { Repartition } from "../logical/repartition.ts";
import type { PlanContext } from "./context.ts";
import { describeNode } from "./describe.ts";
import { functionWork } from "./function-work.ts";
import { atNode, culprit } from "./node-error.ts";
import { sinkSettings } from "./sink-work.ts";
import { frontier, type StageStep } from "./stage-steps.ts";
import {
  computeWork,
  STAGING,
  type StageTarget,
  sampleWork,
  shuffleWork,
  withEmptyFiles,
} from "./stage-work.ts";
import { cutStages, dealtInput, type Reader, type Stage } from "./stages.ts";

/** What planning asks of the session when a stage runs. */
export interface StageHost {
  /** A place for the stage's output; `done` keeps the result for this node. */
  target(node: LogicalNode): Promise<StageTarget>;
}

export interface StageGraph {
  readonly stages: readonly ScheduledStage[];
  /** What each stage is about, by its id. */
  readonly steps: readonly StageStep[];
}

/** The stages before `root` can be read whole, or part by part. */
export async function planStages(
  context: PlanContext,
  host: StageHost,
  root: LogicalNode,
  reader: Reader | "kept",
): Promise<StageGraph> {
  const stages = await cutStages(context, root, reader);
  const graph = new GraphBuilder(context, host, stages);
  for (const stage of stages) graph.add(stage);
  const { scheduled, steps } = graph;
  return { stages: scheduled, steps };
}

/** Filled by the sample's stage, read by the shuffle's. */
interface Bounds {
  found: readonly string[] | null;
}

class GraphBuilder {
  readonly scheduled: ScheduledStage[] = [];
  readonly steps: StageStep[] = [];
  readonly #context: PlanContext;
  readonly #host: StageHost;
  readonly #ids = new Map<Stage, number>();
  readonly #cut: ReadonlySet<LogicalNode>;

  constructor(context: PlanContext, host: StageHost, stages: readonly Stage[]) {
    this.#context = context;
    this.#host = host;
    this.#cut = new Set(stages.map((stage) => stage.node));
  }

  add(stage: Stage): void {
    const needs = stage.needs.map((need) => this.#ids.get(need)!);
    const { node } = stage;
    const dealt = this.#dealt(stage);
    const bounds: Bounds = { found: null };
    const before = dealt?.spec.kind === "range" ? [this.#sample(dealt, needs, bounds)] : [];
    this.steps.push(this.#step(stage.kind, node, dealt));
    const id = this.#schedule(describeNode(node), [...needs, ...before], node, async () => {
      return await this.#work(node, dealt, bounds);
    });
    this.#ids.set(stage, id);
  }

  /** The repartition whose rows the stage deals, if it does. */
  #dealt({ kind, node }: Stage): Repartition | undefined {
    if (kind === "shuffle" && node.kind === "repartition") return node;
    return node.kind === "write" ? dealtInput(node, this.#context) : undefined;
  }

  #step(kind: StageStep["kind"], node: LogicalNode, dealt: Repartition | undefined): StageStep {
    const isResult = (one: LogicalNode): boolean =>
      this.#cut.has(one) || this.#context.stored(one.id) !== undefined;
    const divided = dealt?.inputs[0] ?? (node.kind === "function" ? node.inputs[0]! : node);
    const isShuffle = kind !== "sample" && dealt !== undefined;
    return {
      kind,
      node,
      ...frontier(node, isResult),
      tasks: partitionCount(divided),
      dealt: isShuffle ? dealt : null,
    };
  }

  #sample(node: Repartition, needs: readonly number[], bounds: Bounds): number {
    this.steps.push(this.#step("sample", node, node));
    return this.#schedule(`bounds of ${describeNode(node)}`, needs, node, () =>
      sampleWork(this.#context, node, (found) => {
        bounds.found = found;
      }),
    );
  }

  async #work(node: LogicalNode, dealt: Repartition | undefined, bounds: Bounds): Promise<StageWork> {
    const target = await this.#host.target(node);
    try {
      return await this.#workInto(target, node, dealt, bounds);
    } catch (error) {
      // The scheduler only cleans up after work that it was given.
      await target.abandon();
      throw error;
    }
  }

  async #workInto(
    target: StageTarget,
    node: LogicalNode,
    dealt: Repartition | undefined,
    bounds: Bounds,
  ): Promise<StageWork> {
    if (node.kind === "function") {
      return await functionWork(this.#context, node, target);
    }
    const settings = node.kind === "write" ? await sinkSettings(this.#context, node) : STAGING;
    if (dealt !== undefined) {
      const filled = node.kind === "write" ? withEmptyFiles(this.#context, target, settings) : target;
      return await shuffleWork(this.#context, dealt, filled, settings, bounds.found);
    }
    const rows = node.kind === "write" ? node.inputs[0]! : node;
    return await computeWork(this.#context, rows, target, settings, partitionCount(node));
  }

  #schedule(
    name: string,
    needs: readonly number[],
    node: LogicalNode,
    prepare: () => Promise<StageWork>,
  ): number {
    const id = this.scheduled.length;
    this.scheduled.push({
      id,
      name,
      needs,
      prepare: async () => {
        try {
          return await prepare();
        } catch (error) {
          throw atNode(error, node);
        }
      },
      explain: (error) => {
        const said = node.kind === "write" ? writingError(error, node.spec.path) : error;
        return atNode(said, culprit(said, node));
      },
    });
    return id;
  }
}
