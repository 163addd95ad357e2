/** `delay DESC NULLS LAST, origin` taken apart by DuckDB's parser. */
import { PondError } from "@smallpond/base";
import type { DatabaseConnection } from "./database.ts";
import { OPAQUE_TREE, type SqlParser, type SqlTree } from "./parser.ts";
import { quoteText } from "./text.ts";

export interface SortKey {
  /** The expression, as DuckDB prints it. */
  readonly expression: string;
  /** In the words of `create_sort_key`: `ASC NULLS LAST`. */
  readonly order: string;
}

export async function parseSortKeys(
  connection: DatabaseConnection,
  parser: SqlParser,
  keys: readonly string[],
): Promise<SortKey[]> {
  const orders = await sortOrders(parser, keys);
  if (orders.includes(OPAQUE_TREE)) throw notSortKeys(keys);
  return await Promise.all(
    orders.map(async (one) => ({
      expression: await expressionText(connection, one.expression as SqlTree),
      order: `${one.type === "DESCENDING" ? "DESC" : "ASC"} ${one.null_order === "NULLS_FIRST" ? "NULLS FIRST" : "NULLS LAST"}`,
    })),
  );
}

/** The keys as DuckDB's parser reads them; whatever would end the list and begin something else fails. */
export async function sortOrders(parser: SqlParser, keys: readonly string[]): Promise<readonly SqlTree[]> {
  const { tree } = await parser.query(`SELECT 1 ORDER BY ${keys.map((key) => `${key}\n`).join(", ")}`);
  if (tree === OPAQUE_TREE) return [tree];
  const modifiers = (tree.modifiers ?? []) as SqlTree[];
  const order = modifiers.find((modifier) => modifier.type === "ORDER_MODIFIER");
  if (order === undefined || modifiers.length !== 1) throw notSortKeys(keys);
  return order.orders as SqlTree[];
}

/** An expression of a parsed tree as SQL again. */
async function expressionText(connection: DatabaseConnection, expression: SqlTree): Promise<string> {
  const json = JSON.stringify({
    error: false,
    statements: [{ node: selectOf(expression), named_param_map: [] }],
  });
  const row = await connection.row(`SELECT json_deserialize_sql(${quoteText(json)}) AS sql`);
  return (row.sql as string).replace(/^SELECT /, "");
}

function selectOf(expression: SqlTree): SqlTree {
  return {
    type: "SELECT_NODE",
    modifiers: [],
    cte_map: { map: [] },
    select_list: [expression],
    from_table: { type: "EMPTY", alias: "", sample: null, query_location: 0 },
    where_clause: null,
    group_expressions: [],
    group_sets: [],
    aggregate_handling: "STANDARD_HANDLING",
    having: null,
    sample: null,
    qualify: null,
  };
}

function notSortKeys(keys: readonly string[]): PondError {
  return new PondError("SQL_SYNTAX", {
    kind: "invalid",
    message: `expected sort keys such as "delay DESC", got ${JSON.stringify(keys)}`,
    details: { keys },
  });
}
