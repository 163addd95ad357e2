/** A user's query made to run over our parts: placeholders become names, and named inputs stand as tables. */
import { PondError } from "@smallpond/base";
import { OPAQUE_TREE, type SqlParser, type SqlTree, walkTree } from "../duckdb/parser.ts";
import { splitPlaceholders, undeclaredPlaceholders, withoutEnd } from "../duckdb/placeholders.ts";
import { foldName, quoteName } from "../duckdb/text.ts";

export interface UserQuery {
  /** The query with every placeholder as a quoted table name. */
  readonly sql: string;
  /** The table name each input has in `sql`, in the order of the inputs. */
  readonly aliases: readonly string[];
  /** How often the query reads each input. */
  readonly uses: readonly number[];
  readonly tree: SqlTree;
}

export async function parseUserQuery(
  parser: SqlParser,
  query: string,
  names: readonly string[],
): Promise<UserQuery> {
  const declared = new Set(names);
  const sql = splitPlaceholders(withoutEnd(query), declared)
    .map((piece) => (piece.kind === "sql" ? piece.text : quoteName(aliasOf(piece.text))))
    .join("");
  const { tree } = await parser.query(sql).catch((error: unknown) => {
    const stray = undeclaredPlaceholders(query, declared);
    throw stray.length === 0 ? error : undeclared(query, stray[0]!, names, error);
  });
  const aliases = names.map(aliasOf);
  return { sql, aliases, uses: aliases.map((alias) => countUses(tree, alias)), tree };
}

/** Inputs given by position are tables called `{0}`, `{1}`, …, so that DuckDB's messages speak of what was typed. */
function aliasOf(name: string): string {
  return /^[0-9]+$/.test(name) ? `{${name}}` : name;
}

function countUses(tree: SqlTree, alias: string): number {
  if (tree === OPAQUE_TREE) return 2;
  let uses = 0;
  for (const node of walkTree(tree)) {
    if (node.type === "BASE_TABLE" && node.schema_name === "" && node.catalog_name === "") {
      if (foldName(node.table_name as string) === foldName(alias)) uses++;
    }
  }
  return uses;
}

function undeclared(query: string, stray: string, names: readonly string[], cause: unknown): PondError {
  const known =
    names.length === 0 ? "it has no inputs" : `its inputs are ${names.map((n) => `{${n}}`).join(", ")}`;
  return new PondError("SQL_SYNTAX", {
    kind: "invalid",
    message: `the query names {${stray}}, but ${known}:\n\n${query}`,
    details: { sql: query, placeholder: stray },
    hint: `pass the frame for {${stray}} after the query`,
    cause,
  });
}
