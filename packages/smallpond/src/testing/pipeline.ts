/**
 * Pipelines as data, for tests that run the same one in several ways: through the engine, as one statement of one
 * DuckDB (`renderSql`), and partition by partition (`ReferenceInterpreter`).
 */
import type { RepartitionOptions } from "../dataframe/repartition-options.ts";
import type { JoinType } from "../logical/join.ts";

/** `id` numbers rows, `int` and `text` have few values, `approx` depends on the order of summing. */
export type ColumnRole = "id" | "int" | "text" | "any" | "approx";

export interface PipelineColumn {
  readonly name: string;
  readonly role: ColumnRole;
  /** Equal values print alike, so that grouping by the column has one answer. */
  readonly groupable: boolean;
}

/** Where rows come from: files that exist, or a query without inputs. */
export interface PipelineSource {
  readonly name: string;
  readonly format: "parquet" | "csv" | "json" | "query";
  readonly files: readonly { readonly path: string; readonly rows: number }[];
  /** The rows as one plain DuckDB reads them. */
  readonly sql: string;
  readonly columns: readonly PipelineColumn[];
  readonly rows: number;
}

/** How a frame is divided, as far as the drawing of further steps has to know. */
export interface Division {
  readonly count: number;
  /** Set while the hash of these columns still is the partition. */
  readonly hashKeys: readonly string[] | null;
  /** Whether documented formulas say which row is where; otherwise only queries over single rows are drawn. */
  readonly known: boolean;
}

export interface Shape {
  readonly columns: readonly PipelineColumn[];
  /** Whether the column of role `id` has no value twice. */
  readonly uniqueId: boolean;
  /** Whether the order of rows is determined. */
  readonly ordered: boolean;
  readonly rowsMax: number;
  /** Null for one partition. */
  readonly division: Division | null;
}

export type JoinCondition =
  | { readonly columns: readonly string[] }
  | { readonly left: readonly string[]; readonly right: readonly string[] }
  | { readonly condition: string }
  | null;

/** A function that keeps the rows which the condition keeps. */
export interface FilterCall {
  readonly fn: (row: Readonly<Record<string, unknown>>, column: string) => boolean;
  readonly column: string;
}

export type Step =
  | { readonly op: "source"; readonly source: PipelineSource }
  | { readonly op: "filter"; readonly condition: string; readonly call: FilterCall | null }
  | { readonly op: "select"; readonly items: Readonly<Record<string, string>> }
  | { readonly op: "with-columns"; readonly columns: Readonly<Record<string, string>> }
  | { readonly op: "drop"; readonly names: readonly string[] }
  | { readonly op: "rename"; readonly names: Readonly<Record<string, string>> }
  | {
      readonly op: "aggregate";
      readonly keys: Readonly<Record<string, string>>;
      readonly aggregates: Readonly<Record<string, string>>;
    }
  | {
      readonly op: "join";
      readonly how: JoinType;
      readonly on: JoinCondition;
      readonly suffix: string;
      readonly partitions: number | null;
    }
  | { readonly op: "sort"; readonly keys: readonly string[]; readonly partitions: number | null }
  | { readonly op: "distinct" }
  | { readonly op: "union"; readonly fillMissing: boolean }
  | { readonly op: "limit"; readonly count: number }
  | { readonly op: "sql"; readonly query: string }
  | { readonly op: "partial-sql"; readonly query: string }
  | { readonly op: "repartition"; readonly count: number; readonly options: RepartitionOptions }
  | { readonly op: "partial-sort"; readonly keys: readonly string[] }
  | { readonly op: "shuffle"; readonly seed: number | null }
  /** Runs the frame so far and goes on from its kept result. */
  | { readonly op: "compute" };

/** A step over other pipelines. The same object used twice is the same frame used twice. */
export interface Pipeline {
  readonly step: Step;
  readonly inputs: readonly Pipeline[];
  readonly shape: Shape;
}

/** The pipeline in the words of the DataFrame API, for people who look at a failure. */
export function describePipeline(pipeline: Pipeline): string {
  const names = new Map<Pipeline, string>();
  const lines: string[] = [];
  const visit = (one: Pipeline): string => {
    const known = names.get(one);
    if (known !== undefined) return known;
    const inputs = one.inputs.map(visit);
    const name = `f${names.size}`;
    names.set(one, name);
    const { op, ...rest } = one.step;
    const shown = op === "source" ? one.step.source.name : JSON.stringify(rest, showFunctions);
    lines.push(`${name} = ${op}(${[...inputs, shown].join(", ")})`);
    return name;
  };
  visit(pipeline);
  return lines.join("\n");
}

function showFunctions(_: string, value: unknown): unknown {
  return typeof value === "function" ? String(value) : value;
}
