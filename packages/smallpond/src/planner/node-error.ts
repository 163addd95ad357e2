/** Errors that say which step of the user's script they are about. */
import { isPondError, PondError } from "@smallpond/base";
import { type FileScan, isFileScan, type LogicalNode, topological } from "../logical/node.ts";
import { describeNode } from "./describe.ts";
import { BAD_PARTITION_KEY } from "./partition-expression.ts";

/** Adds the step, its SQL and the line of the script. An error that already names a step stays as it is. */
export function atNode(error: unknown, node: LogicalNode): unknown {
  if (!isPondError(error) || "step" in error.details) return error;
  const location = node.origin.location();
  const sql = sqlOf(node);
  const lines = [firstPart(error.message, sql)];
  if (sql !== undefined && !lines[0]!.includes(sql))
    lines.push(`  SQL:  ${sql.replaceAll("\n", "\n        ")}`);
  lines.push(`  step: ${describeNode(node)}`);
  if (location !== undefined) lines.push(`  at:   ${location}`);
  return new PondError(error.code, {
    kind: error.kind,
    message: lines.join("\n"),
    details: { ...error.details, step: describeNode(node), origin: location, userSql: sql },
    hint: error.hint,
    // The message has been said; what is below it, such as an error thrown by a function, has not.
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
}

/**
 * The step that an error of a running query is most likely about: the source of the file it names, or else the
 * nearest step with SQL of people's, where the step that ran has none.
 */
export function culprit(error: unknown, node: LogicalNode): LogicalNode {
  if (!isPondError(error)) return node;
  // Raised by the shuffle's own expression, not by SQL of people's.
  if (error.message.includes(BAD_PARTITION_KEY)) return node;
  // It names the file of the row that the function was given, which is not what is wrong.
  if (node.kind === "function" && error.code.startsWith("FUNCTION_")) return node;
  const scan = topological(node).find((one) => isFileScan(one) && readsNamedFile(one, error.message));
  if (scan !== undefined) return scan;
  let step = node;
  while (sqlOf(step) === undefined && step.inputs.length === 1) step = step.inputs[0]!;
  return error.code.startsWith("SQL_") && sqlOf(step) !== undefined ? step : node;
}

function readsNamedFile(scan: FileScan, message: string): boolean {
  return scan.paths.some((path) => {
    const start = path.slice(0, /[*?[]/.exec(path)?.index).replace(/[^/]+$/, "");
    return message.includes(path) || (path.includes("/") && start !== "/" && message.includes(start));
  });
}

/** The text people wrote, of a node that has any. */
function sqlOf(node: LogicalNode): string | undefined {
  switch (node.kind) {
    case "sql":
    case "partial-sql":
      return node.query;
    case "filter":
      return node.condition;
    case "project":
      return node.list;
    case "with-columns":
      return Object.values(node.columns).join(", ");
    case "aggregate":
      return [...node.keys.map((key) => key.expression), ...Object.values(node.aggregates)].join(", ");
    case "sort":
    case "partial-sort":
      return node.keys.join(", ");
    default:
      return undefined;
  }
}

/** DuckDB quotes a line of the statement we generated, which nobody wrote; a line of the user's own SQL stays. */
function firstPart(message: string, sql: string | undefined): string {
  const at = message.search(/\n\nLINE \d+: /);
  if (at === -1) return message;
  const quoted = /LINE \d+: (?:\.\.\.)?(.*?)(?:\.\.\.)?\n/.exec(message.slice(at))?.[1]?.trim();
  if (sql !== undefined && quoted !== undefined && sql.includes(quoted)) return message;
  return message.slice(0, at);
}
