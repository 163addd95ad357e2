/**
 * `{0}` and `{name}` in a query, found by a small lexer that knows where SQL has strings, quoted names and comments.
 *
 * Only declared names are placeholders. `{name}` by itself is never valid DuckDB SQL (a struct literal has a colon),
 * so a declared name takes nothing away from the language, and everything else in braces stays as it is.
 */

export interface Piece {
  readonly kind: "sql" | "placeholder";
  /** The SQL text, or the placeholder's name. */
  readonly text: string;
}

/** The query cut at its placeholders. Joined again with `{text}` for placeholders it is the query. */
export function splitPlaceholders(sql: string, declared: ReadonlySet<string>): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let at = 0;
  while (at < sql.length) {
    const skipped = skipOpaque(sql, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const name = placeholderAt(sql, at);
    if (name !== undefined && declared.has(name)) {
      if (at > start) pieces.push({ kind: "sql", text: sql.slice(start, at) });
      pieces.push({ kind: "placeholder", text: name });
      at += name.length + 2;
      start = at;
    } else {
      at++;
    }
  }
  if (start < sql.length) pieces.push({ kind: "sql", text: sql.slice(start) });
  return pieces;
}

/** Names in lone braces that were not declared: most likely a mistake, told when the query does not parse. */
export function undeclaredPlaceholders(sql: string, declared: ReadonlySet<string>): string[] {
  const names: string[] = [];
  for (let at = 0; at < sql.length; ) {
    const skipped = skipOpaque(sql, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const name = placeholderAt(sql, at);
    if (name !== undefined && !declared.has(name)) names.push(name);
    at++;
  }
  return names;
}

/** A query without the semicolon that ends it and the comments after that. One followed by more SQL stays. */
export function withoutEnd(sql: string): string {
  let end: number | undefined;
  for (let at = 0; at < sql.length; ) {
    const skipped = skipOpaque(sql, at);
    const comment = skipped > at && (sql[at] === "-" || sql[at] === "/");
    if (sql[at] === ";" && skipped === at) end ??= at;
    else if (!comment && !/\s/.test(sql[at]!)) end = undefined;
    at = Math.max(skipped, at + 1);
  }
  return end === undefined ? sql : sql.slice(0, end);
}

function placeholderAt(sql: string, at: number): string | undefined {
  if (sql[at] !== "{") return undefined;
  PLACEHOLDER.lastIndex = at;
  return PLACEHOLDER.exec(sql)?.[1];
}

const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*|[0-9]+)\}/y;
const DOLLAR_TAG = /\$([A-Za-z_][A-Za-z0-9_]*)?\$/y;

/** Where the string, quoted name or comment that starts at `at` ends; `at` itself if none does. */
function skipOpaque(sql: string, at: number): number {
  const char = sql[at];
  if (char === "'" || char === '"') return skipQuoted(sql, at, isEscapeString(sql, at));
  if (char === "-" && sql[at + 1] === "-") return endOf(sql, "\n", at);
  if (char === "/" && sql[at + 1] === "*") return skipBlockComment(sql, at);
  if (char === "$") {
    DOLLAR_TAG.lastIndex = at;
    const tag = DOLLAR_TAG.exec(sql)?.[0];
    if (tag !== undefined) return endOf(sql, tag, at + tag.length);
  }
  return at;
}

function skipQuoted(sql: string, at: number, backslashes: boolean): number {
  const quote = sql[at];
  for (let i = at + 1; i < sql.length; i++) {
    if (backslashes && sql[i] === "\\") i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  return sql.length;
}

/** `e'…'`, where a backslash escapes; the `e` must not be the end of a longer word. */
function isEscapeString(sql: string, at: number): boolean {
  if (sql[at] !== "'") return false;
  const before = sql[at - 1];
  if (before !== "e" && before !== "E") return false;
  return at < 2 || !/[A-Za-z0-9_$]/.test(sql[at - 2]!);
}

/** DuckDB nests block comments, as PostgreSQL does. */
function skipBlockComment(sql: string, at: number): number {
  let depth = 0;
  for (let i = at; i < sql.length; i++) {
    if (sql.startsWith("/*", i)) {
      depth++;
      i++;
    } else if (sql.startsWith("*/", i)) {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return sql.length;
}

function endOf(sql: string, end: string, from: number): number {
  const found = sql.indexOf(end, from);
  return found === -1 ? sql.length : found + end.length;
}
