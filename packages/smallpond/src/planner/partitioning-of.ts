/** The partitioning of a node, from its own kind and its inputs. */
import { assert } from "@smallpond/base";
import type { SqlTree } from "../duckdb/parser.ts";
import { foldName, quoteName } from "../duckdb/text.ts";
import type { LogicalNode, RowWiseNode } from "../logical/node.ts";
import type { PartialSql } from "../logical/partial-sql.ts";
import { partitionCount } from "../logical/partition-count.ts";
import type { Repartition } from "../logical/repartition.ts";
import { canonicalType } from "./canonical-type.ts";
import type { PlanContext } from "./context.ts";
import { bindExpressions } from "./expression-types.ts";
import { type Partitioning, SINGLE } from "./partitioning.ts";
import { parseUserQuery } from "./user-sql.ts";

/** Of a plan that is being made, or of a kept frame, which is as people wrote it: its verbs are not lowered. */
export async function partitioningOf(context: PlanContext, node: LogicalNode): Promise<Partitioning> {
  if (partitionCount(node) === 1) return SINGLE;
  switch (node.kind) {
    case "repartition":
      return await ofRepartition(context, node);
    case "filter":
    case "project":
    case "with-columns":
    case "drop":
    case "rename":
      return await ofRowWise(context, node);
    case "random-shuffle":
      return { kind: "random", count: partitionCount(node), lineage: `n${node.id}` };
    case "sort":
      return { kind: "range", keys: node.keys, count: partitionCount(node), lineage: `n${node.id}` };
    case "partial-sort":
    case "write":
      return await partitioningOf(context, node.inputs[0]!);
    case "function": {
      const input = await partitioningOf(context, node.inputs[0]!);
      return node.form === "filter" ? input : derived(input);
    }
    case "partial-sql":
      return await ofPartialSql(context, node);
    case "join":
      return { kind: "derived", count: partitionCount(node), lineage: `n${node.id}` };
    default:
      assert(false, `a ${node.kind} has one partition`);
  }
}

async function ofRepartition(context: PlanContext, node: Repartition): Promise<Partitioning> {
  const { spec } = node;
  const lineage = `n${node.id}`;
  switch (spec.kind) {
    case "even":
      return { kind: "even", by: spec.by === "files" ? "files" : "rows", count: spec.count, lineage };
    case "hash": {
      const types = spec.types ?? (await bindExpressions(context, node, spec.keys)).map(canonicalType);
      const { keys, count } = spec;
      return { kind: "hash", keys, types, count, algorithm: "duckdb-hash", engine: context.engine, lineage };
    }
    case "column":
      return { kind: "column", expression: spec.expression, count: spec.count, lineage };
    case "random":
      return { kind: "random", count: spec.count, lineage };
    case "range":
      return { kind: "range", keys: spec.keys, count: spec.count, lineage };
    default:
      return spec satisfies never;
  }
}

async function ofRowWise(context: PlanContext, node: RowWiseNode): Promise<Partitioning> {
  const input = await partitioningOf(context, node.inputs[0]!);
  if (input.kind !== "hash") return input;
  const names = await Promise.all(input.keys.map((key) => columnOf(context, key)));
  const kept = await Promise.all(
    names.map((name) => (name === undefined ? undefined : after(context, node, name))),
  );
  if (node.kind === "filter") return input;
  if (kept.some((name) => name === undefined)) return derived(input);
  return { ...input, keys: kept.map((name) => quoteName(name!)) };
}

/** What a column is called after the verb, if its values are unchanged. */
async function after(context: PlanContext, node: RowWiseNode, name: string): Promise<string | undefined> {
  const folded = foldName(name);
  switch (node.kind) {
    case "filter":
      return name;
    case "drop":
      return node.columns.some((column) => foldName(column) === folded) ? undefined : name;
    case "rename":
      return Object.entries(node.names).find(([from]) => foldName(from) === folded)?.[1] ?? name;
    case "with-columns":
      return Object.keys(node.columns).some((column) => foldName(column) === folded) ? undefined : name;
    case "project":
      return keptBy(await context.parser.expressions(node.list), name);
    default:
      return node satisfies never;
  }
}

/** A SELECT list keeps a column if it has it bare or in a plain star. */
function keptBy(list: readonly SqlTree[], name: string): string | undefined {
  for (const item of list) {
    if (item.class === "COLUMN_REF") {
      const path = item.column_names as string[];
      if (foldName(path[path.length - 1]!) !== foldName(name)) continue;
      const alias = item.alias as string;
      return alias === "" ? name : alias;
    }
    const plain =
      item.class === "STAR" &&
      isEmpty(item.exclude_list) &&
      isEmpty(item.replace_list) &&
      isEmpty(item.rename_list) &&
      isEmpty(item.qualified_exclude_list) &&
      item.columns === false;
    if (plain) return name;
  }
  return undefined;
}

/**
 * A query over one divided input keeps that input's hash keys if it selects them as they are, straight from it.
 * Anything cleverer is only known to be cut where the input was cut.
 */
async function ofPartialSql(context: PlanContext, node: PartialSql): Promise<Partitioning> {
  const lead = node.inputs.findIndex((input) => partitionCount(input) > 1);
  const input = await partitioningOf(context, node.inputs[lead]!);
  if (input.kind !== "hash") return derived(input);
  const { tree, aliases } = await parseUserQuery(context.parser, node.query, node.names);
  const from = tree.from_table as SqlTree | undefined;
  const straight =
    tree.type === "SELECT_NODE" &&
    from?.type === "BASE_TABLE" &&
    foldName(from.table_name as string) === foldName(aliases[lead]!) &&
    isEmpty((tree.cte_map as SqlTree).map);
  if (!straight) return derived(input);
  const names = await Promise.all(input.keys.map((key) => columnOf(context, key)));
  const list = tree.select_list as SqlTree[];
  const kept = names.map((name) => (name === undefined ? undefined : keptBy(list, name)));
  if (kept.some((name) => name === undefined)) return derived(input);
  return { ...input, keys: kept.map((name) => quoteName(name!)) };
}

function derived(input: Partitioning): Partitioning {
  if (input.kind === "single") return input;
  return { kind: "derived", count: input.count, lineage: input.lineage };
}

/** The column an expression is, if it is nothing but a column. */
async function columnOf(context: PlanContext, expression: string): Promise<string | undefined> {
  const [tree] = await context.parser.expressions(expression);
  const path = tree?.class === "COLUMN_REF" ? (tree.column_names as string[]) : [];
  return path.length === 1 ? path[0] : undefined;
}

function isEmpty(list: unknown): boolean {
  return list === undefined || list === null || (Array.isArray(list) && list.length === 0);
}
