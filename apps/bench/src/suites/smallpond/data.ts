/** The input: events in several Parquet files and a small table of stores, the same on every machine. */
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import type { BenchContext } from "../../harness/benchmark.ts";

/** Change with anything below: data of another version is made anew. */
const VERSION = 2;
const SEED = 20_261_122;
export const FILES = 8;
export const STORES = 5_000;

export interface DataPaths {
  readonly events: readonly string[];
  readonly stores: string;
  /** Few rows, for jobs of very many partitions. */
  readonly tiny: string;
}

export function dataPaths({ dataDir, rows }: BenchContext): DataPaths {
  const directory = `${dataDir}/smallpond-${rows}`;
  return {
    events: Array.from({ length: FILES }, (_, i) => `${directory}/events-${i}.parquet`),
    stores: `${directory}/stores.parquet`,
    tiny: `${directory}/tiny.parquet`,
  };
}

export const TINY_ROWS = 10_000;

/** Makes the files, unless they are there in this version. */
export async function prepareData(context: BenchContext, log: (line: string) => void): Promise<void> {
  const directory = `${context.dataDir}/smallpond-${context.rows}`;
  const stamp = `version ${VERSION}, seed ${SEED}, ${context.rows} rows, ${FILES} files\n`;
  const stampFile = `${directory}/stamp.txt`;
  if (existsSync(stampFile) && (await readFile(stampFile, "utf8")) === stamp) return;
  log(`generating ${context.rows.toLocaleString("en")} rows in ${directory}`);
  const made = `${directory}.making`;
  await rm(made, { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
  await mkdir(made, { recursive: true });
  await generate(made, context);
  await writeFile(`${made}/stamp.txt`, stamp);
  await rename(made, directory);
}

async function generate(directory: string, { rows, threads }: BenchContext): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: String(threads) });
  const connection = await instance.connect();
  for (let file = 0; file < FILES; file++) {
    const [begin, end] = [file, file + 1].map((i) => Math.floor((i * rows) / FILES)) as [number, number];
    await connection.run(
      `COPY (${eventsSql(begin, end, rows)}) TO '${directory}/events-${file}.parquet' (FORMAT parquet)`,
    );
  }
  await connection.run(`COPY (${storesSql()}) TO '${directory}/stores.parquet' (FORMAT parquet)`);
  await connection.run(
    `COPY (${eventsSql(0, TINY_ROWS, TINY_ROWS)}) TO '${directory}/tiny.parquet' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
}

/**
 * Drawn from a hash of the row's number, so that any number of threads makes the same rows. One hash per draw:
 * `hash(i, salt)` of two salts would differ by a constant, and columns would hang together.
 */
function draw(salt: number, below: number): string {
  return `(hash(i * 64 + ${SEED * 64 + salt}) % ${below})::BIGINT`;
}

/** Some 20 events per customer, a tenth of them by one customer in a hundred; times about in order, as logs are. */
function eventsSql(begin: number, end: number, rows: number): string {
  const customers = Math.max(1_000, Math.floor(rows / 20));
  const few = Math.max(10, Math.floor(customers / 100));
  return `
    SELECT i AS id,
      TIMESTAMP '2025-01-01' + to_microseconds(i * ${Math.floor(31_536_000_000_000 / rows)} + ${draw(1, 60_000_000)}) AS ts,
      CASE WHEN ${draw(2, 10)} = 0 THEN ${draw(3, few)} ELSE ${draw(4, customers)} END AS customer,
      ${draw(5, STORES)}::INTEGER AS store,
      'category-' || ${draw(6, 24)} AS category,
      'SKU-' || lpad(${draw(8, 100_000)}::VARCHAR, 8, '0') AS product,
      1 + ${draw(9, 9)}::INTEGER AS quantity,
      round(exp(${draw(10, 1_000_000)} / 200000.0) * 10 + ${draw(11, 100)} / 100.0, 2) AS amount
    FROM range(${begin}, ${end}) AS t(i)`;
}

function storesSql(): string {
  return `
    SELECT i::INTEGER AS store, 'region-' || ${draw(20, 12)} AS region, 'Store No. ' || i AS name,
      50 + ${draw(21, 5_000)} AS area
    FROM range(${STORES}) AS t(i)`;
}
