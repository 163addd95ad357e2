/** Steps that make partitions or look at them. */
import type { RepartitionOptions } from "../dataframe/repartition-options.ts";
import { quoteName } from "../duckdb/text.ts";
import { after, type Draw, type DrawContext, drawCondition, idOf, pick, withRole } from "./draw-step.ts";
import type { Division, Pipeline, PipelineColumn, Shape } from "./pipeline.ts";

const repartitionHash: Draw = (input, { random }) => {
  const keys = withRole(input.shape, "id", "int", "text", "any").filter(() => random.int(3) === 0);
  if (keys.length === 0) return undefined;
  const names = keys.slice(0, 2).map(({ name }) => quoteName(name));
  return divided(input, 2 + random.int(5), { hashBy: names.length === 1 ? names[0]! : names });
};

/** Whole files or rows as they come: known where the order of rows is. */
const repartitionEven: Draw = (input, { random }) => {
  const count = 2 + random.int(5);
  const chain = isScanChain(input);
  const ways: RepartitionOptions[] = [{ byRows: true }];
  if (chain) ways.push({}, { byFiles: true });
  return divided(input, count, pick(random, ways)!);
};

const repartitionColumn: Draw = (input, { random }) => {
  const column = pick(random, withRole(input.shape, "id", "int"));
  const count = 2 + random.int(4);
  return column && divided(input, count, { by: `coalesce(${quoteName(column.name)}, 1) % ${count}` });
};

const repartitionRange: Draw = (input, { random }) => {
  const column = pick(random, withRole(input.shape, "id", "int", "text"));
  return (
    column && divided(input, 2 + random.int(4), { rangeBy: `${quoteName(column.name)} DESC NULLS LAST` })
  );
};

const repartitionRandom: Draw = (input, { random }) =>
  divided(input, 2 + random.int(4), { random: true, ...(random.int(2) === 0 ? { seed: 7 } : {}) });

function divided(input: Pipeline, count: number, options: RepartitionOptions): Pipeline {
  const hashBy = typeof options.hashBy === "string" ? [options.hashBy] : options.hashBy;
  const drawn = options.random === true || options.rangeBy !== undefined;
  const even = hashBy === undefined && options.by === undefined && !drawn;
  const division: Division = {
    count,
    hashKeys: hashBy ?? null,
    known: !drawn && (!even || input.shape.ordered),
  };
  const ordered = even && input.shape.ordered;
  return after(input, { op: "repartition", count, options }, { division, ordered });
}

/** Files, with nothing but SQL over single rows on top. */
function isScanChain({ step, inputs }: Pipeline): boolean {
  if (step.op === "source") return step.source.format !== "query";
  const rowWise = ["filter", "select", "with-columns", "drop", "rename", "compute"].includes(step.op);
  return rowWise && !(step.op === "filter" && step.call !== null) && isScanChain(inputs[0]!);
}

const partialSort: Draw = (input, { random }) => {
  const column = pick(random, withRole(input.shape, "id", "int", "text"));
  return column && after(input, { op: "partial-sort", keys: [quoteName(column.name)] }, { ordered: false });
};

const shuffle: Draw = (input, { random }) => {
  const { division } = input.shape;
  const dealt = division && { ...division, hashKeys: null, known: false };
  const seed = random.int(2) === 0 ? null : random.int(100);
  return after(input, { op: "shuffle", seed }, { ordered: false, division: dealt });
};

/** One query over one row at a time: any division gives the same. */
const partialRows: Draw = (input, context) => {
  const condition = drawCondition(input.shape, context.random) ?? "true";
  const int = pick(context.random, withRole(input.shape, "int"));
  const name = context.fresh("part");
  const item = int === undefined ? "42" : `a.${quoteName(int.name)} % 2`;
  const query = `SELECT a.*, ${item} AS ${name} FROM {0} a WHERE ${condition}`;
  const columns: PipelineColumn[] = [...input.shape.columns, { name, role: "int", groupable: true }];
  return after(input, { op: "partial-sql", query }, { ...afterQuery(input.shape), columns });
};

/** What a partition holds, in a row. */
const partialSummary: Draw = (input, context) => {
  const { shape } = input;
  if (context.flavour === "verbs" || shape.division?.known === false) return undefined;
  const columns: PipelineColumn[] = [];
  const items = ["count(*)"];
  const int = pick(context.random, withRole(shape, "int"));
  const id = pick(context.random, withRole(shape, "id"));
  if (int !== undefined) items.push(`sum(${quoteName(int.name)})`);
  if (id !== undefined) items.push(`sum(${quoteName(id.name)})`, `min(${quoteName(id.name)})`);
  const list = items.map((item) => {
    const name = context.fresh("held");
    columns.push({ name, role: "int", groupable: true });
    return `${item} AS ${name}`;
  });
  const query = `SELECT ${list.join(", ")} FROM {0} a`;
  return after(input, { op: "partial-sql", query }, { ...afterQuery(shape), columns, uniqueId: false });
};

const partialGroups: Draw = (input, context) => {
  const { shape } = input;
  const key = pick(context.random, withRole(shape, "int", "text"));
  if (key === undefined || context.flavour === "verbs" || shape.division?.known === false) return undefined;
  const name = context.fresh("groups");
  const query = `SELECT ${quoteName(key.name)}, count(*) AS ${name} FROM {0} GROUP BY ALL`;
  const columns: PipelineColumn[] = [key, { name, role: "int", groupable: true }];
  return after(input, { op: "partial-sql", query }, { ...afterQuery(shape), columns, uniqueId: false });
};

const partialWindow: Draw = (input, context) => {
  const { shape } = input;
  const id = idOf(shape);
  if (id === undefined || context.flavour === "verbs" || shape.division?.known === false) return undefined;
  const name = context.fresh("row");
  const query = `SELECT a.*, row_number() OVER (ORDER BY ${id}) AS ${name} FROM {0} a`;
  const columns: PipelineColumn[] = [...shape.columns, { name, role: "int", groupable: true }];
  return after(input, { op: "partial-sql", query }, { ...afterQuery(shape), columns });
};

/** Two inputs: one of them whole, or divided in a way that meets the other's. */
const partialPair: Draw = (input, context) => {
  const { random } = context;
  if (context.flavour === "verbs") return undefined;
  const other = partner(input, context);
  if (other === undefined) return undefined;
  const swapped = random.int(2) === 0;
  const [left, right] = swapped ? [other, input] : [input, other];
  if (left.shape.division?.known === false || right.shape.division?.known === false) return undefined;
  const names = [context.fresh("zip"), context.fresh("zip")];
  const ids = [left, right].map((side) => pick(random, withRole(side.shape, "id", "int"))?.name);
  const counts = [0, 1].map((i) => {
    const item = ids[i] === undefined ? "count(*)" : `sum(${quoteName(ids[i])}::HUGEINT * 31 + 1)`;
    return `(SELECT ${item} FROM {${i}} x) AS ${names[i]}`;
  });
  const lead = [left, right].find((side) => side.shape.division !== null);
  const leadShape = (lead ?? left).shape;
  return {
    step: { op: "partial-sql", query: `SELECT ${counts.join(", ")}` },
    inputs: [left, right],
    shape: {
      columns: names.map((name) => ({ name, role: "int", groupable: true })),
      uniqueId: false,
      ordered: false,
      rowsMax: leadShape.division?.count ?? 1,
      division: leadShape.division && { ...leadShape.division, hashKeys: null },
    },
  };
};

function partner(input: Pipeline, context: DrawContext): Pipeline | undefined {
  const { random } = context;
  const { division } = input.shape;
  const way = random.int(4);
  if (division === null || way === 0) return wholeSide(context);
  if (way === 1) {
    const condition = drawCondition(input.shape, random) ?? "true";
    return after(input, { op: "filter", condition, call: null });
  }
  const { step } = input;
  if (step.op === "repartition" && step.options.by !== undefined) {
    const side = context.source();
    const column = pick(random, withRole(side.shape, "id", "int"));
    const by = `coalesce(${quoteName(column?.name ?? "")}, 0) % ${division.count}`;
    return column && divided(side, division.count, { by });
  }
  if (division.hashKeys?.length !== 1) return undefined;
  const key = input.shape.columns.find(({ name }) => quoteName(name) === division.hashKeys![0]);
  const role = key?.role === "text" ? (["text"] as const) : (["id", "int"] as const);
  if (key === undefined || key.role === "any") return undefined;
  const side = context.side();
  const column = pick(random, withRole(side.shape, ...role));
  if (column === undefined) return undefined;
  const hashed = divided(side, 2 + random.int(5), { hashBy: quoteName(column.name) });
  const condition = random.int(2) === 0 ? drawCondition(hashed.shape, random) : undefined;
  return condition === undefined ? hashed : after(hashed, { op: "filter", condition, call: null });
}

function wholeSide(context: DrawContext): Pipeline {
  const source = context.source();
  const condition = drawCondition(source.shape, context.random);
  return condition === undefined ? source : after(source, { op: "filter", condition, call: null });
}

/** A query may have changed any column; where rows are is still where they were. */
function afterQuery(shape: Shape): Pick<Shape, "ordered" | "division"> {
  return { ordered: false, division: shape.division && { ...shape.division, hashKeys: null } };
}

export const PARTITION_DRAWS: readonly Draw[] = [
  repartitionHash,
  repartitionEven,
  repartitionColumn,
  repartitionRange,
  repartitionRandom,
  partialSort,
  shuffle,
  partialRows,
  partialSummary,
  partialGroups,
  partialWindow,
  partialPair,
  partialPair,
];
