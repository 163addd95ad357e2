/** Prepares a frame to be run: forgets what is stale, optimizes, checks functions and aligns partitions. */
import { type Disk, isPondError } from "@smallpond/base";
import type { DatabaseConnection } from "../duckdb/database.ts";
import type { SqlParser } from "../duckdb/parser.ts";
import type { FunctionHost } from "../execution/function-task.ts";
import { type LogicalNode, type NodeId, type NodeMeta, topological } from "../logical/node.ts";
import { optimize } from "../optimizer/optimize.ts";
import type { RuleContext } from "../optimizer/rule.ts";
import { alignPartitions } from "../planner/align.ts";
import type { PlanContext } from "../planner/context.ts";
import { atNode, culprit } from "../planner/node-error.ts";
import { schemaOf } from "../planner/schema-of.ts";
import { type ActionReads, FunctionPlanning } from "./function-planning.ts";
import type { FunctionRegistry } from "./function-registry.ts";
import { Inputs, type TypedScans } from "./inputs.ts";
import type { KeptResults } from "./kept-results.ts";
import type { UdfRegistry } from "./udf-registry.ts";

export interface PlannerDeps {
  readonly disk: Disk;
  /** For binding and parsing; never runs a job's query. */
  readonly planning: DatabaseConnection;
  readonly parser: SqlParser;
  readonly functions: FunctionRegistry;
  readonly udfs: UdfRegistry;
  /** Calls functions in this process. */
  readonly calls: FunctionHost;
  /** Resolves when the rows of a table of the session are in it. */
  readonly loaded: (table: string) => Promise<void>;
  readonly nextId: () => NodeId;
  /** DuckDB's. */
  readonly version: string;
}

/** What one action plans with. */
export interface ActionContext extends PlanContext {
  readonly inputs: Inputs;
}

export class FramePlanner {
  readonly #deps: PlannerDeps;
  readonly #kept: KeptResults;
  readonly #typed: TypedScans = new Map();
  readonly #functions: FunctionPlanning;

  constructor(deps: PlannerDeps, kept: KeptResults) {
    this.#deps = deps;
    this.#kept = kept;
    this.#functions = new FunctionPlanning({ ...deps, isStored: (node) => kept.has(node.id) });
  }

  /** The plan context of one action; `reads` is how the action computes and reads what planning has to know. */
  context(reads: ActionReads): ActionContext {
    const { planning, parser, disk, version, functions } = this.#deps;
    const inputs = new Inputs(disk, planning, this.#typed);
    const context: ActionContext = {
      inputs,
      connection: planning,
      parser,
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

  /** The frame as it is to be run, for one way to look at its result. */
  async prepare(
    context: ActionContext,
    node: LogicalNode,
    observe: RuleContext["observe"],
  ): Promise<LogicalNode> {
    await this.#deps.udfs.ready();
    await this.#kept.forgetStale(context.inputs, node);
    for (const one of topological(node)) if (one.kind === "values") await this.#deps.loaded(one.table);
    const derive = (of: LogicalNode, part?: string): NodeMeta => {
      const id = part === undefined ? this.#deps.nextId() : this.#kept.partId(of.id, part);
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

  /** An error with the step it belongs to: when binding step by step fails too, the first step that fails. */
  async locate(context: PlanContext, root: LogicalNode, error: unknown): Promise<unknown> {
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
