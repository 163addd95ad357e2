/** The text of one query: from the command line, a file, or standard input. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { PondError } from "@smallpond/base";
import type { SqlOptions } from "./options.ts";
import { blankedOut } from "./statement-end.ts";

/** Undefined when there is none and somebody sits at a terminal. */
export async function queryText(query: string | undefined, options: SqlOptions): Promise<string | undefined> {
  if (query !== undefined && options.file !== undefined) throw twice();
  const given = await source(query, options.file);
  if (given === undefined) return undefined;
  const trimmed = withoutEnd(given);
  if (trimmed !== "") return trimmed;
  throw new PondError("QUERY_EMPTY", {
    kind: "invalid",
    message: "the query is empty",
    hint: 'pass one: pond sql "SELECT 1", or --file query.sql',
  });
}

/** A query without the semicolons that end it, and without comments behind them; the engine takes a bare one. */
export function withoutEnd(query: string): string {
  const blanked = blankedOut(query);
  const end = /(\s*;)*\s*$/.exec(blanked)?.index ?? query.length;
  return blanked.slice(end).includes(";") ? query.slice(0, end).trim() : query.trim();
}

async function source(query: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (file !== undefined) return await fileText(file);
  if (query !== undefined && query !== "-") return query;
  return query === undefined && process.stdin.isTTY ? undefined : await text(process.stdin);
}

async function fileText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PondError("FILE_NOT_FOUND", {
      kind: "invalid",
      message: `cannot read the query from ${path}: ${code}`,
      hint: "check the path given to --file",
    });
  }
}

function twice(): PondError {
  return new PondError("QUERY_TWICE", {
    kind: "invalid",
    message: "there is a query on the command line and one in --file",
    hint: "give one of them",
  });
}
