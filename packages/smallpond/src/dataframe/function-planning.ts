/** What planning has to know of functions: that they can be called wherever they may come to, and their columns. */
import type { DatabaseConnection } from "../duckdb/database.ts";
import type { Column } from "../duckdb/schema.ts";
import type { FunctionHost } from "../execution/function-task.ts";
import type { OutputColumn } from "../functions/spec.ts";
import type { FunctionNode } from "../logical/function.ts";
import { limit } from "../logical/limit.ts";
import { isRowWise, type LogicalNode, type NodeId, topological, withInputs } from "../logical/node.ts";
import type { PlanContext } from "../planner/context.ts";
import { atNode } from "../planner/node-error.ts";
import { rowPlaces } from "../planner/row-places.ts";
import { schemaOf } from "../planner/schema-of.ts";
import type { FunctionRegistry } from "./function-registry.ts";
import { type SamplingHost, sampleColumns } from "./function-sampling.ts";

export interface FunctionPlanningDeps {
  readonly functions: FunctionRegistry;
  readonly calls: FunctionHost;
  readonly planning: DatabaseConnection;
  readonly nextId: () => NodeId;
  readonly isStored: (node: LogicalNode) => boolean;
}

/** How the action that plans computes and reads frames. */
export type ActionReads = Pick<SamplingHost, "compute"> & {
  read(node: LogicalNode): ReturnType<SamplingHost["read"]>;
  readonly signal: AbortSignal | undefined;
};

export class FunctionPlanning {
  readonly #deps: FunctionPlanningDeps;
  /** Samples under way, by function. */
  readonly #samples = new Map<string, Promise<readonly OutputColumn[]>>();

  constructor(deps: FunctionPlanningDeps) {
    this.#deps = deps;
  }

  /** Captures every function of the plan that may leave this process, before anything runs. */
  async check(root: LogicalNode): Promise<void> {
    const { functions, isStored } = this.#deps;
    for (const node of topological(root, isStored)) {
      if (node.kind !== "function" || isStored(node)) continue;
      try {
        await functions.capture(node.functionId);
      } catch (error) {
        throw atNode(error, node);
      }
    }
  }

  /** Known columns, or those of a sample; two that ask at once see one sample. */
  async columns(
    context: PlanContext,
    node: FunctionNode,
    reads: ActionReads,
  ): Promise<readonly OutputColumn[]> {
    const { functions } = this.#deps;
    const known = (): readonly OutputColumn[] | null => functions.spec(node.functionId).columns;
    const before = known();
    if (before !== null) return before;
    const pending = this.#samples.get(node.functionId) ?? this.#sample(context, node, reads);
    this.#samples.set(node.functionId, pending);
    try {
      const found = await pending;
      functions.learn(node.functionId, found);
      return known() ?? found;
    } catch (error) {
      throw atNode(error, node);
    } finally {
      this.#samples.delete(node.functionId);
    }
  }

  async #sample(
    context: PlanContext,
    node: FunctionNode,
    { compute, read, signal }: ActionReads,
  ): Promise<readonly OutputColumn[]> {
    const { calls, planning, functions, nextId, isStored } = this.#deps;
    const host: SamplingHost = {
      calls,
      places: planning,
      signal: signal ?? new AbortController().signal,
      isStored,
      compute,
      read: (one, rows) => read(rows === null ? one : limit({ id: nextId(), origin: one.origin }, one, rows)),
      placesOf: async (one) => (await rowPlaces(context, whole(one)))?.(0) ?? null,
      inputColumns: async (one) => (await schemaOf(context, one.inputs[0]!)).map(asOutput),
    };
    return await sampleColumns(host, node, functions.spec(node.functionId));
  }
}

function asOutput({ name, type }: Column): OutputColumn {
  return { name, type, always: false };
}

/** The same rows as one partition. */
function whole(node: LogicalNode): LogicalNode {
  if (node.kind === "repartition" && node.spec.kind === "even") return whole(node.inputs[0]!);
  return isRowWise(node) ? withInputs(node, [whole(node.inputs[0]!)]) : node;
}
