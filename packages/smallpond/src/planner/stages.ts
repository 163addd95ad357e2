/** Where a plan is cut into stages: the nodes whose results are written out before something else reads them. */
import { assert } from "@smallpond/base";
import { isVolatile } from "../duckdb/parser.ts";
import { isFileScan, isRowWise, type LogicalNode, type RowWiseNode, topological } from "../logical/node.ts";
import { partitionCount } from "../logical/partition-count.ts";
import type { Repartition } from "../logical/repartition.ts";
import { keepsInput, readsItsFiles, type Write } from "../logical/write.ts";
import type { PlanContext } from "./context.ts";
import { evenLayout } from "./even-layout.ts";

export interface Stage {
  /** `shuffle` deals rows to partitions, `function` runs JavaScript, `compute` runs SQL, `write` publishes files. */
  readonly kind: "shuffle" | "function" | "compute" | "write";
  /** The node whose rows the stage writes. */
  readonly node: LogicalNode;
  /** Stages whose results this one reads. */
  readonly needs: readonly Stage[];
}

/** What reads the result: all rows as one, or one partition at a time. */
export type Reader = "whole" | "parts";

/** The stages to run before `root` can be read, each after those it needs; `kept` has `root` itself written out. */
export async function cutStages(
  context: PlanContext,
  root: LogicalNode,
  reader: Reader | "kept",
): Promise<Stage[]> {
  const pinned = await sharedAcrossStages(context, root);
  if (reader === "kept") pinned.add(root);
  const cutter = new Cutter(context, pinned);
  await cutter.demand(root, reader === "kept" ? "parts" : reader, new Set());
  return cutter.stages;
}

class Cutter {
  readonly stages: Stage[] = [];
  readonly #context: PlanContext;
  readonly #pinned: ReadonlySet<LogicalNode>;
  readonly #byNode = new Map<number, Stage>();
  readonly #visited = new Map<string, readonly Stage[]>();

  constructor(context: PlanContext, pinned: ReadonlySet<LogicalNode>) {
    this.#context = context;
    this.#pinned = pinned;
  }

  /** Makes sure `node` can be read that way; adds the stages the reader then needs to `needs`. */
  async demand(node: LogicalNode, reader: Reader, needs: Set<Stage>): Promise<void> {
    if (this.#context.stored(node.id) !== undefined) return;
    const known = this.#byNode.get(node.id);
    if (known !== undefined) {
      needs.add(known);
      return;
    }
    const key = `${node.id}:${reader}`;
    const before = this.#visited.get(key);
    if (before !== undefined) {
      for (const stage of before) needs.add(stage);
      return;
    }
    const own = new Set<Stage>();
    await this.#visit(node, partitionCount(node) === 1 ? "whole" : reader, own);
    this.#visited.set(key, [...own]);
    for (const stage of own) needs.add(stage);
  }

  async #visit(node: LogicalNode, reader: Reader, needs: Set<Stage>): Promise<void> {
    if (this.#pinned.has(node)) return await this.#cut(stageKind(node), node, needs);
    if (isRowWise(node)) return await this.demand(node.inputs[0]!, reader, needs);
    switch (node.kind) {
      case "repartition":
        if (reader === "whole") return await this.demand(node.inputs[0]!, "whole", needs);
        return await this.#repartition(node, needs);
      case "function":
        return await this.#cut("function", node, needs);
      case "write":
        return await this.#cut("write", node, needs);
      case "partial-sql":
      case "partial-sort":
      case "join":
        if (partitionCount(node) === 1) return await this.#inputs(node, "whole", needs);
        if (reader === "whole") return await this.#cut("compute", node, needs);
        for (const input of node.inputs) {
          if (partitionCount(input) > 1) await this.demand(input, "parts", needs);
          else await this.#broadcast(input, needs);
        }
        return;
      case "random-shuffle":
        assert(false, "the optimizer lowers random shuffles");
        return;
      case "parquet-scan":
      case "csv-scan":
      case "json-scan":
      case "values":
        return;
      case "aggregate":
      case "sort":
      case "distinct":
      case "union":
      case "limit":
      case "sql":
        return await this.#inputs(node, "whole", needs);
      default:
        return node satisfies never;
    }
  }

  async #inputs(node: LogicalNode, reader: Reader, needs: Set<Stage>): Promise<void> {
    for (const input of node.inputs) await this.demand(input, reader, needs);
  }

  async #repartition(node: Extract<LogicalNode, { kind: "repartition" }>, needs: Set<Stage>): Promise<void> {
    const input = node.inputs[0]!;
    if (node.spec.kind !== "even") return await this.#cut("shuffle", node, needs);
    if ((await evenLayout(this.#context, node)).kind === "slices") return;
    if (this.#context.stored(input.id) === undefined) await this.#cut("compute", input, needs);
  }

  /** Every partition reads the whole input: unless that is a plain scan, it is computed once beforehand. */
  async #broadcast(node: LogicalNode, needs: Set<Stage>): Promise<void> {
    if (this.#context.stored(node.id) !== undefined) return;
    if (isScanChain(node)) return;
    await this.#cut("compute", node, needs);
  }

  async #cut(kind: Stage["kind"], node: LogicalNode, needs: Set<Stage>): Promise<void> {
    if (this.#context.stored(node.id) !== undefined) return;
    const known = this.#byNode.get(node.id);
    if (known !== undefined) {
      needs.add(known);
      return;
    }
    const own = new Set<Stage>();
    await this.#demandInputs(kind, node, own);
    const stage: Stage = { kind, node, needs: [...own] };
    this.#byNode.set(node.id, stage);
    this.stages.push(stage);
    needs.add(stage);
  }

  async #demandInputs(kind: Stage["kind"], node: LogicalNode, needs: Set<Stage>): Promise<void> {
    if (kind === "compute" && partitionCount(node) > 1) {
      if (isRowWise(node) || (node.kind === "repartition" && node.spec.kind === "even")) {
        return await this.#visitParts(node, needs);
      }
    }
    if (node.kind === "repartition" && node.spec.kind === "range" && !isScanChain(node.inputs[0]!)) {
      // The input is read twice, for its bounds and for its rows: it is computed once.
      return await this.#cut("compute", node.inputs[0]!, needs);
    }
    if (node.kind === "write" && keepsInput(node)) {
      const input = node.inputs[0]!;
      return await this.#cut(stageKind(input), input, needs);
    }
    const dealt = node.kind === "write" ? dealtInput(node, this.#context) : undefined;
    // The shuffle writes the target's files itself, so what it reads is all that is needed.
    if (dealt !== undefined) return await this.#demandInputs("shuffle", dealt, needs);
    const divided = partitionCount(node) > 1 || kind !== "compute";
    for (const input of node.inputs) {
      const parts = divided && partitionCount(input) > 1;
      if (parts) await this.demand(input, "parts", needs);
      else if (divided && node.kind === "partial-sql" && partitionCount(node) > 1)
        await this.#broadcast(input, needs);
      else await this.demand(input, "whole", needs);
    }
  }

  async #visitParts(node: LogicalNode, needs: Set<Stage>): Promise<void> {
    if (isRowWise(node)) return await this.demand(node.inputs[0]!, "parts", needs);
    if (node.kind === "repartition") return await this.#repartition(node, needs);
  }
}

function stageKind(node: LogicalNode): Stage["kind"] {
  if (node.kind === "function") return "function";
  if (node.kind === "write") return "write";
  return node.kind === "repartition" && node.spec.kind !== "even" && node.spec.count > 1
    ? "shuffle"
    : "compute";
}

/** The repartition right below a write into a directory, whose files can be the shuffle's own. */
export function dealtInput(node: Write, context: PlanContext): Repartition | undefined {
  const input = node.inputs[0]!;
  const { singleFile, fileSizeBytes } = node.spec;
  if (singleFile || fileSizeBytes !== null || !readsItsFiles(node)) return undefined;
  const shuffled = input.kind === "repartition" && input.spec.kind !== "even" && input.spec.count > 1;
  return shuffled && context.stored(input.id) === undefined ? input : undefined;
}

/** Files, and verbs that look at one row at a time: as cheap to read again as to keep. */
export function isScanChain(node: LogicalNode): boolean {
  if (isFileScan(node) || node.kind === "values") return true;
  return isRowWise(node) && isScanChain(node.inputs[0]!);
}

/**
 * Nodes that are read from more than one place of a plan with stages, and might give other rows when computed again:
 * `random()`, but also `any_value`, an unordered `limit` or a sum of floats. Within one statement DuckDB computes such
 * a node once; across stages it has to be kept. Plain scans are read again.
 */
async function sharedAcrossStages(context: PlanContext, root: LogicalNode): Promise<Set<LogicalNode>> {
  const nodes = topological(root);
  const pinned = new Set<LogicalNode>();
  if (!nodes.some((node) => partitionCount(node) > 1 || node.kind === "function")) return pinned;
  const readers = new Map<LogicalNode, number>();
  for (const input of nodes.flatMap((node) => node.inputs)) readers.set(input, (readers.get(input) ?? 0) + 1);
  for (const [node, count] of readers) {
    const pin = count > 1 ? await computedPart(context, node) : undefined;
    if (pin !== undefined) pinned.add(pin);
  }
  return pinned;
}

/** The node at or below `node` whose rows have to be kept so that `node` gives the same rows again. */
async function computedPart(context: PlanContext, node: LogicalNode): Promise<LogicalNode | undefined> {
  if (isFileScan(node) || node.kind === "values") return undefined;
  if (node.kind === "repartition") return await computedPart(context, node.inputs[0]!);
  if (!isRowWise(node)) return node;
  for (const text of textsOf(node)) {
    if (isVolatile(await context.parser.expressions(text))) return node;
  }
  return await computedPart(context, node.inputs[0]!);
}

function textsOf(node: RowWiseNode): readonly string[] {
  switch (node.kind) {
    case "filter":
      return [node.condition];
    case "project":
      return [node.list];
    case "with-columns":
      return Object.values(node.columns);
    case "drop":
    case "rename":
      return [];
    default:
      return node satisfies never;
  }
}
