/** The same without smallpond. */
import { DuckDBInstance } from "@duckdb/node-api";

const [, file] = process.argv.slice(2) as [string, string];
const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
const reader = await connection.runAndReadAll(`SELECT count(*) AS n FROM read_parquet('${file}')`);
console.log(`${Number(reader.getRowObjectsJS()[0]?.n)} rows`);
connection.closeSync();
instance.closeSync();
