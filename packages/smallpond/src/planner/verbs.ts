/** The SQL of each verb over the parts it reads. Pure; schemas come in where a verb depends on them. */
import { PondError } from "@smallpond/base";
import { columnNames, findColumn, type Schema } from "../duckdb/schema.ts";
import { foldName, freshName, quoteName } from "../duckdb/text.ts";
import type { Aggregate } from "../logical/aggregate.ts";
import type { Distinct } from "../logical/distinct.ts";
import type { Join } from "../logical/join.ts";
import type { Rename } from "../logical/rename.ts";
import type { Union } from "../logical/union.ts";
import type { WithColumns } from "../logical/with-columns.ts";

/** Text from people in parentheses of ours. The line break ends a trailing `-- comment`. */
export function inParens(text: string): string {
  return `(${text}\n)`;
}

export function filterSql(input: string, condition: string): string {
  return `SELECT * FROM ${input} WHERE ${inParens(condition)}`;
}

export function projectSql(input: string, list: string): string {
  return `SELECT ${list}\n FROM ${input}`;
}

/** Columns that exist are replaced where they stand, others are added at the end. */
export function withColumnsSql(node: WithColumns, input: string, schema: Schema): string {
  const entries = Object.entries(node.columns).map(([name, sql]) => ({
    name,
    item: `${inParens(sql)} AS ${quoteName(name)}`,
  }));
  const replaced = entries.filter(({ name }) => findColumn(schema, name) !== undefined);
  const added = entries.filter(({ name }) => findColumn(schema, name) === undefined);
  const star = replaced.length === 0 ? "*" : `* REPLACE (${replaced.map((entry) => entry.item).join(", ")})`;
  return `SELECT ${[star, ...added.map((entry) => entry.item)].join(", ")} FROM ${input}`;
}

export function dropSql(input: string, columns: readonly string[], schema: Schema): string {
  checkColumns(columns, schema);
  return `SELECT * EXCLUDE (${columns.map(quoteName).join(", ")}) FROM ${input}`;
}

export function renameSql(node: Rename, input: string, schema: Schema): string {
  const to = new Map(Object.entries(node.names).map(([from, name]) => [foldName(from), name]));
  checkColumns(Object.keys(node.names), schema);
  const names = schema.map((column) => to.get(foldName(column.name)) ?? column.name);
  const twice = names.find((name, i) => names.findIndex((other) => foldName(other) === foldName(name)) < i);
  if (twice !== undefined) {
    throw new PondError("DUPLICATE_COLUMN", {
      kind: "invalid",
      message: `rename would make two columns called ${twice}`,
      details: { column: twice },
      hint: "drop or rename the other one first",
    });
  }
  const list = schema.map((column, i) => `${quoteName(column.name)} AS ${quoteName(names[i]!)}`);
  return `SELECT ${list.join(", ")} FROM ${input}`;
}

export function aggregateSql(node: Aggregate, input: string): string {
  const keys = node.keys.map(({ name, expression }) =>
    name === null ? `${expression}\n` : `${inParens(expression)} AS ${quoteName(name)}`,
  );
  const aggregates = Object.entries(node.aggregates).map(
    ([name, sql]) => `${inParens(sql)} AS ${quoteName(name)}`,
  );
  const groupBy = keys.length === 0 ? "" : ` GROUP BY ${keys.map((_, i) => i + 1).join(", ")}`;
  return `SELECT ${[...keys, ...aggregates].join(", ")} FROM ${input}${groupBy}`;
}

export function sortSql(input: string, keys: readonly string[]): string {
  return `SELECT * FROM ${input} ORDER BY ${keys.map((key) => `${key}\n`).join(", ")}`;
}

export function distinctSql(node: Distinct, input: string): string {
  const on = node.on === null ? "" : ` ON (${node.on.map((key) => `${key}\n`).join(", ")})`;
  return `SELECT DISTINCT${on} * FROM ${input}`;
}

export function unionSql(node: Union, inputs: readonly string[], schemas: readonly Schema[]): string {
  if (!node.fillMissing) checkSameNames(schemas);
  return inputs.map((input) => `SELECT * FROM ${input}`).join(" UNION ALL BY NAME ");
}

function checkSameNames(schemas: readonly Schema[]): void {
  const first = schemas[0]!;
  for (const [i, schema] of schemas.entries()) {
    const missing = first.find((column) => findColumn(schema, column.name) === undefined);
    const extra = schema.find((column) => findColumn(first, column.name) === undefined);
    const odd = missing ?? extra;
    if (odd === undefined) continue;
    throw new PondError("UNION_COLUMNS", {
      kind: "invalid",
      message: `union: column ${odd.name} is in frame ${missing ? 1 : i + 1} but not in frame ${missing ? i + 1 : 1}`,
      details: { column: odd.name, frame: i + 1 },
      hint: "pass { fillMissing: true } to fill it with NULL, or select the same columns first",
    });
  }
}

const KEYWORDS = {
  inner: "INNER JOIN",
  left: "LEFT JOIN",
  right: "RIGHT JOIN",
  full: "FULL JOIN",
  semi: "SEMI JOIN",
  anti: "ANTI JOIN",
  cross: "CROSS JOIN",
} as const;

/** The two sides are called `l` and `r`; columns of both names get the suffix on the right. */
export function joinSql(
  node: Join,
  sides: { left: string; right: string },
  schemas: { left: Schema; right: Schema },
): string {
  const keyword = KEYWORDS[node.how];
  const { on } = node;
  if (on.kind === "columns") {
    checkColumns(on.columns, schemas.left);
    checkColumns(on.columns, schemas.right);
  }
  const extras = on.kind === "keys" ? keyColumns(on.left.length, schemas) : [];
  const left = on.kind === "keys" ? withKeys(sides.left, on.left, extras) : sides.left;
  const right = on.kind === "keys" ? withKeys(sides.right, on.right, extras) : sides.right;
  const list = joinList(node, schemas);
  return `SELECT ${list} FROM ${left} AS l ${keyword} ${right} AS r${joinCondition(node, extras)}`;
}

function joinCondition(node: Join, keys: readonly string[]): string {
  switch (node.on.kind) {
    case "columns":
      return ` USING (${node.on.columns.map(quoteName).join(", ")})`;
    case "keys":
      return ` ON ${keys.map((key) => `l.${quoteName(key)} = r.${quoteName(key)}`).join(" AND ")}`;
    case "condition":
      return ` ON ${inParens(node.on.condition)}`;
    case "none":
      return "";
    default:
      return node.on satisfies never;
  }
}

function joinList(node: Join, { left, right }: { left: Schema; right: Schema }): string {
  const ofLeft = left.map((column) => `l.${quoteName(column.name)}`);
  if (node.how === "semi" || node.how === "anti") return ofLeft.join(", ");
  const merged = new Set(node.on.kind === "columns" ? node.on.columns.map(foldName) : []);
  const taken = columnNames(left);
  const items: string[] = left.map((column, i) =>
    merged.has(foldName(column.name)) ? quoteName(column.name) : ofLeft[i]!,
  );
  for (const column of right) {
    if (merged.has(foldName(column.name))) continue;
    const clash = taken.some((name) => foldName(name) === foldName(column.name));
    const name = clash ? freshName(column.name + node.suffix, taken) : column.name;
    taken.push(name);
    items.push(`r.${quoteName(column.name)} AS ${quoteName(name)}`);
  }
  return items.join(", ");
}

function keyColumns(count: number, { left, right }: { left: Schema; right: Schema }): string[] {
  const taken = [...columnNames(left), ...columnNames(right)];
  return Array.from({ length: count }, (_, i) => freshName(`__pond_key_${i}`, taken));
}

function withKeys(input: string, expressions: readonly string[], names: readonly string[]): string {
  const keys = expressions.map((expression, i) => `${inParens(expression)} AS ${quoteName(names[i]!)}`);
  return `(SELECT *, ${keys.join(", ")} FROM ${input})`;
}

function checkColumns(names: readonly string[], schema: Schema): void {
  const missing = names.find((name) => findColumn(schema, name) === undefined);
  if (missing !== undefined) throw unknownColumn(missing, schema);
}

export function unknownColumn(name: string, schema: Schema): PondError {
  return new PondError("UNKNOWN_COLUMN", {
    kind: "invalid",
    message: `there is no column ${name}`,
    details: { column: name, columns: columnNames(schema) },
    hint: `the columns are ${columnNames(schema).join(", ")}`,
  });
}
