/**
 * A pipeline as one statement of nested subqueries for one plain DuckDB: the oracle of invariant S1.
 *
 * Written from what each verb promises, with every column spelled out, and without a look at how the planner does it.
 */
import { quoteName } from "../duckdb/text.ts";
import type { Pipeline, Step } from "./pipeline.ts";

export function renderSql(pipeline: Pipeline): string {
  return stepSql(
    pipeline,
    pipeline.inputs.map((input) => `(${renderSql(input)})`),
  );
}

/** One step over relations that stand in FROM: subqueries in parentheses, or names. */
export function stepSql(pipeline: Pipeline, from: readonly string[]): string {
  const { step, inputs } = pipeline;
  const [first] = from;
  const names = (inputs[0]?.shape.columns ?? []).map((column) => column.name);
  switch (step.op) {
    case "source":
      return step.source.sql;
    case "filter":
      return `SELECT * FROM ${first} WHERE ${step.condition}`;
    case "select":
      return `SELECT ${aliased(step.items)} FROM ${first}`;
    case "with-columns": {
      const kept = names.map((name) => {
        const replaced = step.columns[name];
        return replaced === undefined ? quoteName(name) : `(${replaced}) AS ${quoteName(name)}`;
      });
      const added = Object.entries(step.columns).filter(([name]) => !names.includes(name));
      return `SELECT ${[...kept, ...(added.length > 0 ? [aliased(Object.fromEntries(added))] : [])].join(", ")} FROM ${first}`;
    }
    case "drop":
      return `SELECT ${quoted(names.filter((name) => !step.names.includes(name)))} FROM ${first}`;
    case "rename": {
      const list = names.map((name) => `${quoteName(name)} AS ${quoteName(step.names[name] ?? name)}`);
      return `SELECT ${list.join(", ")} FROM ${first}`;
    }
    case "aggregate": {
      const keys = Object.values(step.keys);
      const groupBy = keys.length === 0 ? "" : ` GROUP BY ${keys.join(", ")}`;
      return `SELECT ${aliased({ ...step.keys, ...step.aggregates })} FROM ${first}${groupBy}`;
    }
    case "join":
      return joinSql(pipeline, step, from as [string, string]);
    case "sort":
      return `SELECT * FROM ${first} ORDER BY ${step.keys.join(", ")}`;
    case "distinct":
      return `SELECT DISTINCT * FROM ${first}`;
    case "union":
      return unionSql(pipeline, from);
    case "limit":
      return `SELECT * FROM ${first} LIMIT ${step.count}`;
    case "sql":
    case "partial-sql":
      return step.query.replace(/\{(\d+)\}/g, (_, index: string) => from[Number(index)]!);
    case "repartition":
    case "partial-sort":
    case "shuffle":
    case "compute":
      return `SELECT * FROM ${first}`;
    default:
      return step satisfies never;
  }
}

const KEYWORDS = {
  inner: "JOIN",
  left: "LEFT JOIN",
  right: "RIGHT JOIN",
  full: "FULL JOIN",
  semi: "SEMI JOIN",
  anti: "ANTI JOIN",
  cross: "CROSS JOIN",
} as const;

function joinSql(
  pipeline: Pipeline,
  step: Extract<Step, { op: "join" }>,
  [left, right]: [string, string],
): string {
  const [leftNames, rightNames] = pipeline.inputs.map((input) => input.shape.columns.map((one) => one.name));
  const using = step.on !== null && "columns" in step.on ? step.on.columns : [];
  const list = leftNames!.map((name) => (using.includes(name) ? quoteName(name) : `l.${quoteName(name)}`));
  if (step.how !== "semi" && step.how !== "anti") {
    for (const name of rightNames!.filter((one) => !using.includes(one))) {
      const clash = leftNames!.includes(name);
      list.push(`r.${quoteName(name)} AS ${quoteName(clash ? name + step.suffix : name)}`);
    }
  }
  return `SELECT ${list.join(", ")} FROM ${left} l ${KEYWORDS[step.how]} ${right} r${conditionSql(step)}`;
}

function conditionSql({ on }: Extract<Step, { op: "join" }>): string {
  if (on === null) return "";
  if ("columns" in on) return ` USING (${quoted(on.columns)})`;
  if ("condition" in on) return ` ON ${on.condition}`;
  return ` ON ${on.left.map((key, i) => `l.${key} = r.${on.right[i]}`).join(" AND ")}`;
}

function unionSql({ inputs }: Pipeline, from: readonly string[]): string {
  const names = [...new Set(inputs.flatMap((input) => input.shape.columns.map((column) => column.name)))];
  const selects = inputs.map((input, i) => {
    const own = new Set(input.shape.columns.map((column) => column.name));
    const list = names.map((name) => (own.has(name) ? quoteName(name) : `NULL AS ${quoteName(name)}`));
    return `SELECT ${list.join(", ")} FROM ${from[i]}`;
  });
  return selects.join(" UNION ALL ");
}

function aliased(items: Readonly<Record<string, string>>): string {
  return Object.entries(items)
    .map(([name, expression]) => `${expression} AS ${quoteName(name)}`)
    .join(", ");
}

function quoted(names: readonly string[]): string {
  return names.map(quoteName).join(", ");
}
