/** Type text as users write it, resolved by DuckDB itself: aliases, user-defined types and all. */
import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import { quoted, valueError } from "./errors.ts";

/** The type that the text means on the connection. The text is prepared, never executed. */
export async function declaredType(
  connection: DuckDBConnection,
  text: string,
  column: string,
): Promise<DuckDBType> {
  const failure = (cause?: unknown): never => {
    const reason = cause instanceof Error ? `: ${cause.message.split("\n", 1)[0]}` : "";
    const message = `column ${quoted(column)} has ${JSON.stringify(text)} for a type, which DuckDB does not know${reason}`;
    throw valueError(
      "INVALID_TYPE",
      message,
      { column, type: text },
      "write a type such as BIGINT or VARCHAR[]",
    );
  };
  // A comment or a closing parenthesis in the text would make another query of this one.
  const prepared = await connection.prepare(`SELECT CAST(NULL AS ${text}\n)`).catch(failure);
  try {
    return prepared.columnCount === 1 && /^\s*[\w"]/.test(text) ? prepared.columnType(0) : failure();
  } finally {
    prepared.destroySync();
  }
}
