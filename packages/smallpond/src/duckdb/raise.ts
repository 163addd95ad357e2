/** Errors of ours that a query raises, and how they are told from DuckDB's own. */
import { PondError } from "@smallpond/base";
import { quoteText } from "./text.ts";

const MARK = "pond:";

/** SQL that ends the query with an error of that code; `message` is SQL text too. */
export function raiseSql(code: string, message: string, hint: string): string {
  return `error(${quoteText(`${MARK}${code}:${hint}\n`)} || ${message})`;
}

/** The same from a function of ours that a query calls: of what it throws the engine passes on nothing but the text. */
export function raised(code: string, message: string, hint: string): Error {
  return new Error(`${MARK}${code}:${hint.replaceAll("\n", " ")}\n${message}`);
}

/** The error that a query raised this way, if it did. */
export function raisedError(message: string, sql: string): PondError | undefined {
  const [, code, hint, text] =
    new RegExp(`^[A-Za-z ]+ Error: ${MARK}([A-Z_]+):([^\n]*)\n([^]*)$`).exec(message) ?? [];
  if (code === undefined || text === undefined) return undefined;
  return new PondError(code, { kind: "invalid", message: text, details: { sql }, hint });
}
