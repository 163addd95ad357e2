/** Connections for tests, and whether two tables hold the same. */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { quoteName } from "../../../src/duckdb/text.ts";
import { comparableSql } from "../../../src/testing/random-tables.ts";

/** A database of its own, closed by `await using`. */
export async function openDatabase(): Promise<DuckDBConnection & AsyncDisposable> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return Object.assign(connection, {
    async [Symbol.asyncDispose]() {
      connection.closeSync();
      instance.closeSync();
    },
  });
}

/** The differences between two tables: types, rows as DuckDB compares them, and rows as it prints them. */
export async function differences(
  connection: DuckDBConnection,
  left: string,
  right: string,
): Promise<readonly string[]> {
  const leftColumns = await describeTable(connection, left);
  const rightColumns = await describeTable(connection, right);
  if (JSON.stringify(leftColumns) !== JSON.stringify(rightColumns)) {
    return [`columns: ${JSON.stringify(leftColumns)} and ${JSON.stringify(rightColumns)}`];
  }
  const texts = leftColumns.map(([name, type]) => textSql(name, type)).join(", ");
  const values = leftColumns.map(([name, type]) => comparableSql({ name, type })).join(", ");
  const found: string[] = [];
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    for (const columns of [values, texts]) {
      const sql = `SELECT ${columns} FROM ${quoteName(one)} EXCEPT ALL SELECT ${columns} FROM ${quoteName(other)}`;
      const reader = await connection.runAndReadAll(sql);
      for (const row of reader.getRows()) found.push(`only in ${one}: ${row.map(String).join(" | ")}`);
    }
  }
  return found;
}

/** The type inside a VARIANT counts too, and does not show in its text. */
function textSql(name: string, type: string): string {
  const text = `CAST(${quoteName(name)} AS VARCHAR)`;
  return type === "VARIANT" ? `${text}, variant_typeof(${quoteName(name)})` : text;
}

export async function describeTable(
  connection: DuckDBConnection,
  table: string,
): Promise<readonly [string, string][]> {
  const reader = await connection.runAndReadAll(
    `SELECT column_name, column_type FROM (DESCRIBE ${quoteName(table)})`,
  );
  return reader.getRows() as [string, string][];
}
