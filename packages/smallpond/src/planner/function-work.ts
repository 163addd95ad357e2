/** The stage of a function: one task per partition of its input, each calling it over its rows. */

import { emptyRelation } from "../duckdb/schema.ts";
import type { StoredColumn } from "../duckdb/stored-column.ts";
import { storedColumns } from "../duckdb/stored-column.ts";
import type { StageWork } from "../execution/scheduler.ts";
import type { Task } from "../execution/task.ts";
import type { FunctionSpec, OutputColumn } from "../functions/spec.ts";
import type { FunctionNode } from "../logical/function.ts";
import { partitionCount } from "../logical/partition-count.ts";
import type { PlanContext } from "./context.ts";
import { Emitter } from "./emit.ts";
import { functionSchema } from "./function-schema.ts";
import { rowPlaces } from "./row-places.ts";
import { schemaOf } from "./schema-of.ts";
import { filesOf, output, STAGING, type StageTarget } from "./stage-work.ts";

export async function functionWork(
  context: PlanContext,
  node: FunctionNode,
  target: StageTarget,
): Promise<StageWork> {
  const input = node.inputs[0]!;
  const count = partitionCount(input);
  const fn = await specOf(context, node, count);
  const emitter = new Emitter(context, "run");
  const rows = await emitter.part(input);
  const query = emitter.statement(`SELECT * FROM ${rows}`);
  const places = await rowPlaces(context, input);
  const home = emitter.home || context.function(node).code === null;
  return {
    count,
    task: (index, attempt): Task => ({
      kind: "function",
      home,
      fn,
      query: query(index),
      places: places?.(index) ?? null,
      partition: { index, count },
      output: output(target, { task: index, attempt }, STAGING, []),
    }),
    finish: async (results) => {
      const found = results.flatMap((result) => result.files).find((file) => file.columns !== undefined);
      if (found !== undefined) context.learned(node, found.columns!);
      const columns = await columnsOf(context, node, fn, found?.columns);
      await target.done({ columns, partitions: results.map(filesOf) });
    },
    abandon: () => target.abandon(),
  };
}

/** Many tasks must agree on the columns beforehand; one finds them out on its way, without a call more. */
async function specOf(context: PlanContext, node: FunctionNode, count: number): Promise<FunctionSpec> {
  const fn = context.function(node);
  if (node.form === "filter" || fn.columns !== null || count === 1) return fn;
  return { ...fn, columns: await context.columns(node) };
}

async function columnsOf(
  context: PlanContext,
  node: FunctionNode,
  fn: FunctionSpec,
  found: readonly OutputColumn[] | undefined,
): Promise<readonly StoredColumn[]> {
  if (node.form === "filter") return storedColumns(await schemaOf(context, node.inputs[0]!));
  const columns = found ?? fn.columns ?? [];
  return storedColumns(await context.connection.bind(emptyRelation(functionSchema(fn, columns))));
}
