/** Verbs over single rows, and verbs over whole frames. */
import { quoteName } from "../duckdb/text.ts";
import { JOIN_TYPES } from "../logical/join.ts";
import { after, type Draw, type DrawContext, drawCondition, idOf, pick, withRole } from "./draw-step.ts";
import type { Pipeline, PipelineColumn, Shape, Step } from "./pipeline.ts";

/** Joins that could have more rows than this are not drawn. */
const ROWS_MAX = 5_000;

// ---- verbs over single rows -----------------------------------------------------------------------------------

const filter: Draw = (input, { random }) => {
  const condition = drawCondition(input.shape, random);
  return condition === undefined ? undefined : after(input, { op: "filter", condition, call: null });
};

/** The same condition in JavaScript and in SQL. */
const filterCall: Draw = (input, { random }) => {
  const column = pick(random, withRole(input.shape, "id", "int"));
  if (column === undefined) return undefined;
  const call = { fn: isEven, column: column.name };
  return after(input, { op: "filter", condition: `${quoteName(column.name)} % 2 = 0`, call });
};

/** Without anything around it, so that any process can call it. */
function isEven(row: Readonly<Record<string, unknown>>, column: string): boolean {
  const value = row[column];
  return value !== null && BigInt(value as bigint) % 2n === 0n;
}

function drawExpression(shape: Shape, { random }: DrawContext): [PipelineColumn["role"], string] | undefined {
  const column = pick(random, withRole(shape, "id", "int", "text"));
  if (column === undefined) return undefined;
  const name = quoteName(column.name);
  const numbers = [`${name} % 3`, `coalesce(${name}, 7)`, `CASE WHEN ${name} > 2 THEN ${name} END`];
  const texts = [`${name} || 'x'`, `coalesce(${name}, 'none')`, `upper(${name})`];
  return column.role === "text" ? ["text", pick(random, texts)!] : ["int", pick(random, numbers)!];
}

const withColumns: Draw = (input, context) => {
  const drawn = drawExpression(input.shape, context);
  if (drawn === undefined) return undefined;
  const [role, expression] = drawn;
  const { division, columns } = input.shape;
  const replaced = pick(context.random, withRole(input.shape, role));
  if (replaced !== undefined && replaced.role !== "id" && context.random.int(3) === 0) {
    const keepsHash = division?.hashKeys?.includes(quoteName(replaced.name)) !== true;
    const step: Step = { op: "with-columns", columns: { [replaced.name]: expression } };
    return after(input, step, keepsHash ? {} : { division: { ...division!, hashKeys: null } });
  }
  const name = context.fresh("with");
  return after(
    input,
    { op: "with-columns", columns: { [name]: expression } },
    { columns: [...columns, { name, role, groupable: true }] },
  );
};

const select: Draw = (input, context) => {
  const { columns, division } = input.shape;
  const kept = columns.filter(() => context.random.int(4) > 0);
  if (kept.length === 0) return undefined;
  const items = Object.fromEntries(kept.map(({ name }) => [name, quoteName(name)]));
  const drawn = drawExpression(input.shape, context);
  const added: PipelineColumn[] = [];
  if (drawn !== undefined) {
    const [role, expression] = drawn;
    const name = context.fresh("sel");
    items[name] = expression;
    added.push({ name, role, groupable: true });
  }
  const keepsHash = division?.hashKeys?.every((key) => kept.some(({ name }) => quoteName(name) === key));
  return after(
    input,
    { op: "select", items },
    {
      columns: [...kept, ...added],
      uniqueId: input.shape.uniqueId && kept.some((column) => column.role === "id"),
      division: division === null || keepsHash ? division : { ...division, hashKeys: null },
    },
  );
};

const drop: Draw = (input, { random }) => {
  const { columns, division } = input.shape;
  const dropped = pick(random, columns);
  if (dropped === undefined || columns.length < 3 || dropped.role === "id") return undefined;
  const isKey = division?.hashKeys?.includes(quoteName(dropped.name)) === true;
  const step: Step = { op: "drop", names: [dropped.name] };
  return after(input, step, {
    columns: columns.filter((column) => column !== dropped),
    ...(isKey ? { division: { ...division!, hashKeys: null } } : {}),
  });
};

const rename: Draw = (input, context) => {
  const { columns, division } = input.shape;
  const old = pick(context.random, columns)!;
  const name = context.fresh("odd name");
  const hashKeys = division?.hashKeys?.map((key) => (key === quoteName(old.name) ? quoteName(name) : key));
  return after(
    input,
    { op: "rename", names: { [old.name]: name } },
    {
      columns: columns.map((column) => (column === old ? { ...column, name } : column)),
      division: division === null ? null : { ...division, hashKeys: hashKeys ?? null },
    },
  );
};

// ---- verbs over whole frames ----------------------------------------------------------------------------------

const WHOLE = { ordered: false, division: null } as const;

const aggregate: Draw = (input, context) => {
  const { random } = context;
  const { shape } = input;
  const keys = withRole(shape, "int", "text", "any")
    .filter((column) => column.groupable && random.int(3) === 0)
    .slice(0, 2);
  const counted = context.fresh("n");
  const aggregates: Record<string, string> = { [counted]: "count(*)" };
  const columns: PipelineColumn[] = [...keys, { name: counted, role: "int", groupable: true }];
  const add = (stem: string, role: PipelineColumn["role"], expression: string): void => {
    const name = context.fresh(stem);
    aggregates[name] = expression;
    columns.push({ name, role, groupable: role !== "any" });
  };
  const int = pick(random, withRole(shape, "int"));
  if (int !== undefined) add("sum", "int", `sum(${quoteName(int.name)})`);
  const text = pick(random, withRole(shape, "text"));
  if (text !== undefined) add("max", "text", `max(${quoteName(text.name)})`);
  const id = pick(random, withRole(shape, "id"));
  if (id !== undefined) {
    add("approx", "approx", `sum(${quoteName(id.name)} * 0.1::DOUBLE)`);
    add("ids", "any", `list(${quoteName(id.name)} ORDER BY ${quoteName(id.name)})`);
  }
  const named = Object.fromEntries(keys.map(({ name }) => [name, quoteName(name)]));
  return after(input, { op: "aggregate", keys: named, aggregates }, { ...WHOLE, columns, uniqueId: false });
};

const join: Draw = (input, context) => {
  const { random } = context;
  const self = random.int(6) === 0;
  const right = self ? input : context.side();
  if (input.shape.rowsMax * right.shape.rowsMax > ROWS_MAX) return undefined;
  const how = pick(random, JOIN_TYPES)!;
  const role = pick(random, ["int", "text", "id"] as const)!;
  const left = pick(random, withRole(input.shape, role))?.name;
  const other = pick(random, withRole(right.shape, role))?.name;
  const suffix = context.fresh("_r");
  if (how !== "cross" && (left === undefined || other === undefined)) return undefined;
  const keys = { left: [quoteName(left ?? "")], right: [quoteName(other ?? "")] };
  const on =
    how === "cross"
      ? null
      : left === other && random.int(2) === 0
        ? { columns: [left!] }
        : random.int(4) === 0
          ? { condition: `l.${keys.left[0]} = r.${keys.right[0]} AND true` }
          : keys;
  const divided = on !== null && !("condition" in on) && random.int(3) === 0;
  const partitions = divided ? 2 + random.int(3) : null;
  const columns = joinedColumns({ left: input.shape, right: right.shape }, { how, on, suffix });
  return {
    step: { op: "join", how, on, suffix, partitions },
    inputs: [input, right],
    shape: {
      columns,
      uniqueId: (how === "semi" || how === "anti") && input.shape.uniqueId,
      ordered: false,
      rowsMax: Math.max(1, input.shape.rowsMax) * Math.max(1, right.shape.rowsMax),
      division: partitions === null ? null : { count: partitions, hashKeys: null, known: false },
    },
  };
};

function joinedColumns(
  { left, right }: { left: Shape; right: Shape },
  { how, on, suffix }: Omit<Extract<Step, { op: "join" }>, "op" | "partitions">,
): PipelineColumn[] {
  if (how === "semi" || how === "anti") return [...left.columns];
  const using = on !== null && "columns" in on ? on.columns : [];
  const added = right.columns.filter((column) => !using.includes(column.name));
  const clash = (name: string): boolean => left.columns.some((column) => column.name === name);
  return [
    ...left.columns,
    ...added.map((column) => (clash(column.name) ? { ...column, name: column.name + suffix } : column)),
  ];
}

const sort: Draw = (input, { random }) => {
  const keys = withRole(input.shape, "id", "int", "text").filter(() => random.int(2) === 0);
  if (keys.length === 0) return undefined;
  const order = keys.map(({ name }) => quoteName(name) + pick(random, ["", " DESC", " NULLS FIRST"])!);
  const partitions = random.int(2) === 0 ? null : 2 + random.int(3);
  return after(
    input,
    { op: "sort", keys: order, partitions },
    {
      ordered: input.shape.uniqueId && keys[0]!.role === "id",
      division: partitions === null ? null : { count: partitions, hashKeys: null, known: false },
    },
  );
};

const distinct: Draw = (input) => {
  const plain = input.shape.columns.every((column) => column.groupable && column.role !== "approx");
  return plain ? after(input, { op: "distinct" }, WHOLE) : undefined;
};

const union: Draw = (input, context) => {
  const { random } = context;
  const condition = drawCondition(input.shape, random);
  const filtered =
    condition === undefined ? undefined : after(input, { op: "filter", condition, call: null });
  const other = random.int(2) === 0 ? (filtered ?? input) : context.side();
  const names = (pipeline: Pipeline): string => pipeline.shape.columns.map(({ name }) => name).join();
  const all = [...input.shape.columns];
  for (const column of other.shape.columns) {
    const same = all.find(({ name }) => name === column.name);
    // Columns that only share their name have no common type that both engines must agree on.
    if (same !== undefined && (same.role !== column.role || same.role === "any") && other !== filtered)
      return undefined;
    if (same === undefined) all.push(column);
  }
  return {
    step: { op: "union", fillMissing: names(input) !== names(other) },
    inputs: [input, other],
    shape: {
      ...WHOLE,
      columns: all,
      uniqueId: false,
      rowsMax: input.shape.rowsMax + other.shape.rowsMax,
    },
  };
};

const limit: Draw = (input, { random }) => {
  const { step, shape } = input;
  const total = step.op === "sort" && shape.ordered;
  const count = total ? random.int(10) : pick(random, [0, shape.rowsMax + 1])!;
  return after(input, { op: "limit", count }, { division: null, rowsMax: Math.min(count, shape.rowsMax) });
};

const sql: Draw = (input, context) => {
  const { random } = context;
  const id = idOf(input.shape);
  const int = pick(random, withRole(input.shape, "int"));
  const name = context.fresh("sql");
  const added: PipelineColumn[] = [{ name, role: "int", groupable: true }];
  const columns = [...input.shape.columns, ...added];
  const queries: string[] = [];
  if (id !== undefined)
    queries.push(`SELECT a.*, row_number() OVER (ORDER BY a.${id}) AS ${name} FROM {0} a`);
  if (int !== undefined) {
    const key = quoteName(int.name);
    queries.push(`SELECT a.*, (SELECT count(*) FROM {0} b WHERE b.${key} = a.${key}) AS ${name} FROM {0} a`);
  }
  const query = pick(random, queries);
  return query === undefined ? undefined : after(input, { op: "sql", query }, { ...WHOLE, columns });
};

const compute: Draw = (input) => after(input, { op: "compute" });

export const ROW_DRAWS: readonly Draw[] = [filter, withColumns, select, drop, rename];
export const EXTRA_DRAWS: readonly Draw[] = [filterCall, compute];
export const FRAME_DRAWS: readonly Draw[] = [aggregate, join, join, sort, distinct, union, limit, sql];
