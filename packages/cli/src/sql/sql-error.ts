/** Errors of the engine name the step and line of a script; here there is only the query. */
import { isPondError, PondError } from "@smallpond/base";

const STEP_LINES = /\n {2}(step|at): .*(\n {8}.*)*/g;
const STATEMENTS = /^expected one SELECT query, but it (has \d+ statements|is another kind of statement)/;

export function sqlError(error: unknown): unknown {
  if (!isPondError(error)) return error;
  const kind = STATEMENTS.exec(error.message)?.[1];
  return new PondError(error.code, {
    kind: error.kind,
    message:
      kind === undefined ? error.message.replace(STEP_LINES, "") : `expected one query, but it ${kind}`,
    details: error.details,
    hint: kind === undefined ? hintOf(error) : oneQueryHint(kind),
  });
}

function oneQueryHint(kind: string): string {
  if (!kind.startsWith("has")) return "pond sql reads; to write a query's rows, use --output out.parquet";
  return "run them one by one, or join them with WITH; a job of several steps is a script for pond run";
}

/** Advice for scripts is replaced by what a command line can do. */
function hintOf(error: PondError): string | undefined {
  if (error.code === "FILE_NOT_FOUND") return `relative paths start at ${process.cwd()}`;
  if (error.code === "SQL_BINDING" && /Table with name|does not exist/.test(error.message)) {
    return "a file is a table by its quoted path: FROM 'flights.parquet'";
  }
  return error.hint;
}
