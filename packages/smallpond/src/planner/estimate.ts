/** How much every node of a plan would hold, without computing it. */
import type { BoundSchema } from "../duckdb/database.ts";
import { isFileScan, type LogicalNode, type NodeId } from "../logical/node.ts";
import type { PlanContext } from "./context.ts";
import { Emitter } from "./emit.ts";
import { schemaOf } from "./schema-of.ts";
import { type Certainty, type ColumnSizes, type Size, sizeOf, valueBytes, weaker } from "./size.ts";
import { scanSize, storedSize, valuesSize } from "./source-size.ts";

export class Estimator {
  readonly #context: PlanContext;
  readonly #known = new Map<NodeId, Promise<ColumnSizes | null>>();

  constructor(context: PlanContext) {
    this.#context = context;
  }

  /** Null where nothing can be said: functions that return any number of rows. */
  async of(node: LogicalNode): Promise<Size | null> {
    const sizes = await this.#of(node);
    return sizes === null ? null : sizeOf(sizes);
  }

  #of(node: LogicalNode): Promise<ColumnSizes | null> {
    let sizes = this.#known.get(node.id);
    if (sizes === undefined) {
      sizes = this.#estimate(node);
      this.#known.set(node.id, sizes);
    }
    return sizes;
  }

  async #estimate(node: LogicalNode): Promise<ColumnSizes | null> {
    const stored = this.#context.stored(node.id);
    if (stored !== undefined) return storedSize(stored);
    const schema = await schemaOf(this.#context, node);
    if (isFileScan(node)) return await scanSize(this.#context, node, schema);
    switch (node.kind) {
      case "values":
        return await valuesSize(this.#context, node, schema);
      case "repartition":
      case "random-shuffle":
      case "sort":
      case "partial-sort":
      case "write":
        return await this.#of(node.inputs[0]!);
      case "project":
      case "with-columns":
      case "drop":
        return await this.#through(node, schema, "exact");
      case "rename":
        return await this.#through(node, schema, "exact", node.names);
      case "filter":
      case "aggregate":
      case "distinct":
        return await this.#through(node, schema, "at-most");
      case "limit":
        return await this.#limited(node, schema);
      case "function":
        return await this.#function(node, schema);
      case "union":
        return await this.#union(node, schema);
      case "join":
      case "sql":
      case "partial-sql":
        return await this.#guessed(node, schema);
      default:
        return node satisfies never;
    }
  }

  /** Rows as below or fewer; columns that are still there keep their bytes, new ones have those of their type. */
  async #through(
    node: LogicalNode,
    schema: BoundSchema,
    certainty: Certainty,
    renamed: Readonly<Record<string, string>> = {},
  ): Promise<ColumnSizes | null> {
    const below = await this.#of(node.inputs[0]!);
    if (below === null) return null;
    const before = new Map(Object.entries(renamed).map(([from, to]) => [to, from]));
    const columns = schema.map(({ name, type }): [string, number] => {
      const bytes = below.columns.get(before.get(name) ?? name);
      return [name, bytes ?? newColumnBytes(below, type)];
    });
    return { rows: below.rows, certainty: weaker(below.certainty, certainty), columns: new Map(columns) };
  }

  async #limited(
    node: Extract<LogicalNode, { kind: "limit" }>,
    schema: BoundSchema,
  ): Promise<ColumnSizes | null> {
    const below = await this.#through(node, schema, "exact");
    if (below === null || below.rows === null || below.rows <= node.count) return below;
    const share = node.count / below.rows;
    const columns = [...below.columns].map(([name, bytes]): [string, number] => [name, bytes * share]);
    return { rows: node.count, certainty: weaker(below.certainty, "about"), columns: new Map(columns) };
  }

  async #function(
    node: Extract<LogicalNode, { kind: "function" }>,
    schema: BoundSchema,
  ): Promise<ColumnSizes | null> {
    if (node.form === "filter") return await this.#through(node, schema, "at-most");
    // Any number of rows for each one.
    if (node.form !== "map") return null;
    return await this.#through(node, schema, "about");
  }

  async #union(node: LogicalNode, schema: BoundSchema): Promise<ColumnSizes | null> {
    const columns = new Map(schema.map(({ name }) => [name, 0]));
    let rows: number | null = 0;
    let certainty: Certainty = "exact";
    for (const input of node.inputs) {
      const below = await this.#of(input);
      if (below === null) return null;
      rows = rows === null || below.rows === null ? null : rows + below.rows;
      certainty = weaker(certainty, below.certainty);
      for (const [name, bytes] of below.columns) columns.set(name, (columns.get(name) ?? 0) + bytes);
    }
    return { rows, certainty, columns };
  }

  /** Rows as the engine's optimizer has them; bytes per row as below where the columns come from there. */
  async #guessed(node: LogicalNode, schema: BoundSchema): Promise<ColumnSizes | null> {
    const emitter = new Emitter(this.#context, "bind");
    const name = await emitter.whole(node);
    const query = emitter.statement(`SELECT * FROM ${name}`)(0);
    const [explained] = await this.#context.connection.rows(`EXPLAIN (FORMAT json) ${query}`);
    const rows = topCardinality(explained?.explain_value);
    if (rows === undefined) return null;
    const inputs = await Promise.all(node.inputs.map((input) => this.#of(input)));
    const columns = schema.map((column): [string, number] => {
      const input = inputs.find((one) => one !== null && one.rows !== null && one.columns.has(column.name));
      const perRow = input == null ? undefined : input.columns.get(column.name)! / Math.max(1, input.rows!);
      return [column.name, rows * (perRow ?? valueBytes(column.type))];
    });
    return { rows, certainty: "guess", columns: new Map(columns) };
  }
}

/** A column that no file has: the rows there are, each with a value of that type. */
function newColumnBytes(below: ColumnSizes, type: string): number {
  if (below.rows !== null) return below.rows * valueBytes(type);
  const [some = 0] = below.columns.values();
  return some;
}

interface Operator {
  readonly extra_info?: Readonly<Record<string, unknown>>;
  readonly children?: readonly Operator[];
}

/** What the engine expects of the outermost operator that says so. */
function topCardinality(plan: unknown): number | undefined {
  if (typeof plan !== "string") return undefined;
  let level = JSON.parse(plan) as readonly Operator[];
  while (level.length > 0) {
    const said = level.map((operator) => operator.extra_info?.["Estimated Cardinality"]);
    const rows = said.filter((one) => one !== undefined).map(Number);
    if (rows.length > 0) return rows.reduce((sum, one) => sum + one, 0);
    level = level.flatMap((operator) => operator.children ?? []);
  }
  return undefined;
}
