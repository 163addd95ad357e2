/**
 * Which row of which file each row of a frame is: a query beside the one for the rows, with `file` and `row`, in the
 * same order. Only looked at when a function fails, so that its error names the place people can look at.
 */
import { parquetScanPlacesSql } from "../dataset/parquet.ts";
import { isVolatile } from "../duckdb/parser.ts";
import type { Schema } from "../duckdb/schema.ts";
import { isRowWise, type LogicalNode, type RowWiseNode } from "../logical/node.ts";
import { partitionCount } from "../logical/partition-count.ts";
import type { PlanContext } from "./context.ts";
import { evenLayout } from "./even-layout.ts";
import { schemaOf } from "./schema-of.ts";
import type { PartSql } from "./statement.ts";
import * as verbs from "./verbs.ts";

const FILE = "__pond_file";
const ROW = "__pond_row";
const PLACE: Schema = [
  { name: FILE, type: "VARCHAR" },
  { name: ROW, type: "BIGINT" },
];

/** The query for each partition, or null when the frame's rows are not rows of Parquet files. */
export async function rowPlaces(
  context: PlanContext,
  node: LogicalNode,
): Promise<((partition: number) => string) | null> {
  const sql = await placesOf(context, node);
  if (sql === null) return null;
  return (partition) =>
    `SELECT ${FILE} AS "file", ${ROW} AS "row" FROM (${typeof sql === "string" ? sql : sql(partition)})`;
}

async function placesOf(context: PlanContext, node: LogicalNode): Promise<PartSql | null> {
  if (context.stored(node.id) !== undefined) return null;
  if (isRowWise(node)) {
    const input = node.inputs[0]!;
    const below = await placesOf(context, input);
    return below === null ? null : await verbOver(context, node, below, await schemaOf(context, input));
  }
  if (node.kind === "parquet-scan") {
    const files = (await context.files(node)).map((path) => ({ path }));
    return parquetScanPlacesSql(files, node.options, await schemaOf(context, node), { file: FILE, row: ROW });
  }
  return node.kind === "repartition" ? await slicesOf(context, node) : null;
}

/** An even repartition deals slices of the scan, and verbs in between look at one row at a time. */
async function slicesOf(
  context: PlanContext,
  node: Extract<LogicalNode, { kind: "repartition" }>,
): Promise<PartSql | null> {
  if (partitionCount(node) === 1) return await placesOf(context, node.inputs[0]!);
  if (node.spec.kind !== "even") return null;
  const layout = await evenLayout(context, node);
  if (layout.kind !== "slices" || layout.scan.kind !== "parquet-scan") return null;
  const { scan, groups } = layout;
  const schema = await schemaOf(context, scan);
  const places = { file: FILE, row: ROW };
  if (parquetScanPlacesSql([], scan.options, schema, places) === null) return null;
  let sql: PartSql = (partition) =>
    parquetScanPlacesSql(groups[partition] ?? [], scan.options, schema, places) ?? "";
  const chain: RowWiseNode[] = [];
  for (let below = node.inputs[0]!; isRowWise(below); below = below.inputs[0]!) chain.unshift(below);
  for (const verb of chain) {
    const over = await verbOver(context, verb, sql, await schemaOf(context, verb.inputs[0]!));
    if (over === null) return null;
    sql = over;
  }
  return sql;
}

/** The verb over rows that have their place beside them, which stays. */
async function verbOver(
  context: PlanContext,
  node: RowWiseNode,
  below: PartSql,
  input: Schema,
): Promise<PartSql | null> {
  const schema = [...input, ...PLACE];
  for (const text of textsOf(node)) {
    // Computed again, it would keep other rows.
    if (isVolatile(await context.parser.expressions(text))) return null;
  }
  return (partition) => {
    const from = `(${typeof below === "string" ? below : below(partition)})`;
    switch (node.kind) {
      case "filter":
        return verbs.filterSql(from, node.condition);
      case "project":
        return verbs.projectSql(from, `${node.list}\n, ${FILE}, ${ROW}`);
      case "with-columns":
        return verbs.withColumnsSql(node, from, schema);
      case "drop":
        return verbs.dropSql(from, node.columns, schema);
      case "rename":
        return verbs.renameSql(node, from, schema);
      default:
        return node satisfies never;
    }
  };
}

function textsOf(node: RowWiseNode): readonly string[] {
  if (node.kind === "filter") return [node.condition];
  return node.kind === "project" ? [node.list] : [];
}
