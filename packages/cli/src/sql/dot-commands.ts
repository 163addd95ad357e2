/** What the shell understands besides queries. */
import { readdir } from "node:fs/promises";
import { PondError } from "@smallpond/base";
import { type Session, textTable } from "smallpond";

interface DotContext {
  readonly signal: AbortSignal;
  readonly leave: () => void;
}

const HELP = `.tables [folder]    files that can be queried: FROM 'name.parquet'
.schema 'file' | query
                    columns and types
.quit               leave (Ctrl-D does, too)
A query ends with ; and may run over several lines. Ctrl-C cancels it.`;

const DATA_FILE = /\.(parquet|csv|tsv|json|jsonl|ndjson)(\.gz|\.zst)?$/i;

export async function dotCommand(session: Session, line: string, context: DotContext): Promise<void> {
  const [, name, rest] = /^\.(\w*)\s*([\s\S]*?)[\s;]*$/.exec(line) ?? [];
  switch (name) {
    case "help":
      console.log(HELP);
      return;
    case "tables":
      await tables(rest === undefined || rest === "" ? "." : rest);
      return;
    case "schema":
      await schema(session, rest ?? "");
      return;
    case "quit":
    case "exit":
      context.leave();
      return;
    default:
      throw new PondError("UNKNOWN_COMMAND", {
        kind: "invalid",
        message: `there is no command .${name ?? ""}`,
        hint: ".help lists them",
      });
  }
}

async function tables(folder: string): Promise<void> {
  const path = folder.replace(/^'(.*)'$/, "$1");
  const names = (await readdir(path)).filter((name) => DATA_FILE.test(name)).sort();
  const prefix = path === "." ? "" : `${path.replace(/\/$/, "")}/`;
  console.log(
    names.length === 0 ? `no data files in ${path}` : names.map((name) => `'${prefix}${name}'`).join("\n"),
  );
}

async function schema(session: Session, of: string): Promise<void> {
  if (of === "") {
    throw new PondError("ARGUMENT_MISSING", {
      kind: "invalid",
      message: ".schema needs a file or a query",
      hint: ".schema 'flights.parquet'",
    });
  }
  const isQuery = /^(select|from|with|values|describe|summarize|pivot|unpivot)\b/i.test(of);
  const file = `'${of.replace(/^'(.*)'$/, "$1").replaceAll("'", "''")}'`;
  const columns = await session.sql(isQuery ? of : `SELECT * FROM ${file}`).schema();
  const shown = [
    { name: "column", type: "VARCHAR" },
    { name: "type", type: "VARCHAR" },
  ];
  console.log(
    textTable(
      shown,
      columns.map(({ name, type }) => ({ column: name, type })),
    ),
  );
}
