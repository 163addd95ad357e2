/** What drawing steps has in common. */
import type { Random } from "@smallpond/base";
import { quoteName } from "../duckdb/text.ts";
import type { Pipeline, PipelineColumn, PipelineSource, Shape, Step } from "./pipeline.ts";

/** `verbs`: mostly verbs over whole frames. `partitions`: mostly per-partition queries. */
export type PipelineFlavour = "verbs" | "partitions";

export interface DrawContext {
  readonly random: Random;
  readonly flavour: PipelineFlavour;
  /** A name that no column of the pipeline has. */
  fresh(stem: string): string;
  /** Another short pipeline to combine with. */
  side(): Pipeline;
  /** Another source as it is. */
  source(): Pipeline;
}

/** One kind of step: over `input`, or undefined where it would have no single answer. */
export type Draw = (input: Pipeline, context: DrawContext) => Pipeline | undefined;

export function fromSource(source: PipelineSource): Pipeline {
  return {
    step: { op: "source", source },
    inputs: [],
    shape: {
      columns: source.columns,
      uniqueId: source.columns.some((column) => column.role === "id"),
      ordered: true,
      rowsMax: source.rows,
      division: null,
    },
  };
}

/** The step over the input, with what changes in its shape. */
export function after(input: Pipeline, step: Step, changes: Partial<Shape> = {}): Pipeline {
  return { step, inputs: [input], shape: { ...input.shape, ...changes } };
}

export function pick<T>(random: Random, items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : items[random.int(items.length)];
}

export function withRole(shape: Shape, ...roles: readonly PipelineColumn["role"][]): PipelineColumn[] {
  return shape.columns.filter((column) => roles.includes(column.role));
}

export function idOf(shape: Shape): string | undefined {
  const id = shape.columns.find((column) => column.role === "id");
  return id === undefined || !shape.uniqueId ? undefined : quoteName(id.name);
}

export function drawCondition(shape: Shape, random: Random): string | undefined {
  const column = pick(random, withRole(shape, "id", "int", "text", "any"));
  if (column === undefined) return undefined;
  const name = quoteName(column.name);
  const numbers = [`${name} >= 2`, `${name} IS NULL OR ${name} % 3 = 1`, `${name} IN (0, 1, 5)`];
  const texts = [`${name} LIKE 'a%'`, `${name} <> 'b'`, `length(${name}) = 1`];
  const any = [`${name} IS NOT NULL`, `${name} IS NULL`, "true", "false"];
  const fitting = column.role === "any" ? any : column.role === "text" ? texts : numbers;
  return pick(random, [...fitting, any[0]!]);
}
