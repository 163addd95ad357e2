/**
 * SQL as DuckDB's own parser reads it (`json_serialize_sql`), so that what we say about a query is what the engine
 * will do with it. Answers are remembered: plans are bound and explained more than once.
 */
import { PondError } from "@smallpond/base";
import type { DatabaseConnection } from "./database.ts";
import { foldName, quoteText } from "./text.ts";

/** Any node of the serialized tree. Its fields are DuckDB's. */
export type SqlTree = { readonly [key: string]: unknown };

/**
 * Stands for SQL that DuckDB parses but does not serialize (types with parameters inside nested types, such as
 * `ENUM('a')[]`): nothing is known about it, so the worst is assumed.
 */
export const OPAQUE_TREE: SqlTree = Object.freeze({ type: "OPAQUE" });

export interface ParsedQuery {
  /** The one SELECT statement, or `OPAQUE_TREE`. */
  readonly tree: SqlTree;
}

interface Serialized {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly position?: string;
  readonly statements?: readonly { readonly node: SqlTree }[];
}

export class SqlParser {
  readonly #connection: DatabaseConnection;
  readonly #parsed = new Map<string, Promise<ParsedQuery>>();
  readonly #volatile = new Set<string>();

  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  /** Functions of the session that give another answer each time: queries with them count as volatile. */
  declareVolatile(name: string): void {
    this.#volatile.add(foldName(name));
    this.#parsed.clear();
  }

  /** Exactly one query: a second statement, or one that is no SELECT, is refused. */
  query(sql: string): Promise<ParsedQuery> {
    let parsed = this.#parsed.get(sql);
    if (parsed === undefined) {
      if (this.#parsed.size >= CACHE_MAX) this.#parsed.clear();
      parsed = this.#parse(sql);
      this.#parsed.set(sql, parsed);
    }
    return parsed;
  }

  /** A comma separated list, such as a SELECT list or sort keys; whatever would end it and begin something else fails. */
  async expressions(list: string): Promise<readonly SqlTree[]> {
    const { tree } = await this.query(`SELECT ${list}`);
    if (tree === OPAQUE_TREE) return [tree];
    const from = tree.from_table as SqlTree | undefined;
    const stray =
      from?.type !== "EMPTY" ||
      tree.where_clause != null ||
      (tree.modifiers as unknown[]).length > 0 ||
      (tree.group_expressions as unknown[]).length > 0 ||
      tree.having != null ||
      tree.qualify != null;
    if (stray || tree.type !== "SELECT_NODE") throw notExpressions(list);
    return tree.select_list as readonly SqlTree[];
  }

  async #parse(sql: string): Promise<ParsedQuery> {
    const row = await this.#connection.row(`SELECT json_serialize_sql(${quoteText(sql)}) AS tree`);
    const answer = JSON.parse(row.tree as string) as Serialized;
    if (answer.error_type === "serialization") return { tree: OPAQUE_TREE };
    if (answer.error) throw parseError(sql, answer);
    const statements = answer.statements ?? [];
    if (statements.length !== 1) throw notOneQuery(sql, `it has ${statements.length} statements`);
    return { tree: this.#marked(statements[0]!.node) };
  }

  #marked(tree: SqlTree): SqlTree {
    if (this.#volatile.size === 0) return tree;
    for (const node of walkTree(tree)) {
      const name = node.class === "FUNCTION" ? (node.function_name as string) : "";
      if (this.#volatile.has(foldName(name))) (node as Record<string, unknown>)[MARK] = true;
    }
    return tree;
  }
}

const CACHE_MAX = 1024;
/** On calls of functions that were declared so. */
const MARK = "pond_volatile";

/** Every node below `tree`, itself first. */
export function* walkTree(tree: unknown): Generator<SqlTree> {
  if (Array.isArray(tree)) {
    for (const item of tree) yield* walkTree(item);
  } else if (typeof tree === "object" && tree !== null) {
    yield tree as SqlTree;
    for (const value of Object.values(tree)) yield* walkTree(value);
  }
}

/** Functions that give another answer each time they are called, of those DuckDB's catalog calls consistent too. */
const VOLATILE = new Set([
  "random",
  "uuid",
  "uuidv4",
  "uuidv7",
  "gen_random_uuid",
  "nextval",
  "currval",
  "setseed",
]);

/** Whether evaluating the query twice may give two answers. */
export function isVolatile(tree: unknown): boolean {
  for (const node of walkTree(tree)) {
    if (node === OPAQUE_TREE || node[MARK] === true) return true;
    if (node.class === "FUNCTION" && VOLATILE.has(node.function_name as string)) return true;
    if (node.sample != null && typeof node.sample === "object") return true;
  }
  return false;
}

function parseError(sql: string, answer: Serialized): PondError {
  if (answer.error_type === "not implemented") return notOneQuery(sql, "it is another kind of statement");
  const position = Number(answer.position);
  return new PondError("SQL_SYNTAX", {
    kind: "invalid",
    message: `${answer.error_message ?? "the SQL cannot be parsed"}${pointAt(sql, position)}`,
    details: { category: "Parser Error", sql },
  });
}

function notOneQuery(sql: string, why: string): PondError {
  return new PondError("SQL_SYNTAX", {
    kind: "invalid",
    message: `expected one SELECT query, but ${why}:\n\n${sql}`,
    details: { category: "Parser Error", sql },
    hint: "pass one query; chain further steps as further frames",
  });
}

function notExpressions(list: string): PondError {
  return new PondError("SQL_SYNTAX", {
    kind: "invalid",
    message: `expected a list of expressions, got ${JSON.stringify(list)}`,
    details: { category: "Parser Error", sql: list },
    hint: "pass only expressions here, without FROM, WHERE or ORDER BY",
  });
}

/** The line of `sql` with a caret under the byte at `position`. */
function pointAt(sql: string, position: number): string {
  if (!Number.isInteger(position) || position < 0) return `\n\n${sql}`;
  // DuckDB counts bytes of UTF-8; a caret needs characters.
  const before = new TextDecoder().decode(new TextEncoder().encode(sql).subarray(0, position));
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = sql.indexOf("\n", before.length);
  const line = sql.slice(lineStart, lineEnd === -1 ? sql.length : lineEnd);
  const lineNumber = before.split("\n").length;
  const label = `LINE ${lineNumber}: `;
  return `\n\n${label}${line}\n${" ".repeat(label.length + before.length - lineStart)}^`;
}
