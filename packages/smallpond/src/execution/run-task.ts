/** Runs one task on one connection. The same code in the session's process and in an executor. */
import { assert, type Disk } from "@smallpond/base";
import type { DatabaseConnection } from "../duckdb/database.ts";
import { quoteName, quoteText } from "../duckdb/text.ts";
import { commitOnce } from "./commit.ts";
import type { Output, RowsTask, TaskResult, WriteTask, WrittenFile } from "./task.ts";

export interface RunContext {
  readonly connection: DatabaseConnection;
  readonly disk: Disk;
  readonly signal?: AbortSignal | undefined;
}

export async function runTask(
  context: RunContext,
  task: WriteTask | RowsTask,
): Promise<Omit<TaskResult, "peakMemoryBytes">> {
  if (task.kind === "rows") return { files: [], rows: await context.connection.rows(task.query, context) };
  const write = (): Promise<WrittenFile[]> => writeQuery(context, task.query, task.output);
  return { files: await commitOnce(context.disk, task.output, write), rows: [] };
}

/** Writes a query's rows under the output's directory, which must not exist. On failure nothing is left of it. */
export async function writeQuery(context: RunContext, query: string, output: Output): Promise<WrittenFile[]> {
  return await inNewDirectory(context.disk, output.directory, () => copyFiles(context, query, output));
}

/** Makes the directory for the work, and removes it when the work fails. */
export async function inNewDirectory<T>(disk: Disk, path: string, work: () => Promise<T>): Promise<T> {
  await disk.mkdir(path);
  try {
    return await work();
  } catch (error) {
    await disk.removeTree(path);
    throw error;
  }
}

/** Writes a query's rows into the output's directory, which exists. */
export async function copyFiles(context: RunContext, query: string, output: Output): Promise<WrittenFile[]> {
  const rows = await context.connection.rows(copyStatement(query, output), context);
  return rows.map((row) => writtenFile(row, output));
}

export function copyStatement(query: string, output: Output): string {
  const options = ["FORMAT parquet", ...encodingOptions(output.encoding), "RETURN_STATS"];
  const metadata = Object.entries(output.metadata);
  if (metadata.length > 0) {
    const fields = metadata.map(([key, value]) => `${quoteName(key)}: ${quoteText(value)}`);
    options.push(`KV_METADATA {${fields.join(", ")}}`);
  }
  if (output.partitionBy === null) {
    return `COPY (${query}) TO ${quoteText(`${output.directory}/${output.name}.parquet`)} (${options.join(", ")})`;
  }
  options.push(
    `PARTITION_BY (${quoteName(output.partitionBy.column)})`,
    `FILENAME_PATTERN ${quoteText(`${output.name}-{i}`)}`,
    // The directory is this attempt's own and only just made.
    "OVERWRITE_OR_IGNORE true",
  );
  return `COPY (${query}) TO ${quoteText(output.directory)} (${options.join(", ")})`;
}

/** Looking for dictionaries is a fifth of what writing costs, and pays only when a file is kept. */
function encodingOptions(encoding: Output["encoding"]): string[] {
  if (encoding !== "staging") return [`COMPRESSION ${encoding}`];
  return ["COMPRESSION lz4_raw", "DICTIONARY_SIZE_LIMIT 1", "PARQUET_VERSION v2"];
}

function writtenFile(row: Readonly<Record<string, unknown>>, output: Output): WrittenFile {
  return {
    path: row.filename as string,
    rows: Number(row.count),
    bytes: Number(row.file_size_bytes),
    partition: output.partitionBy === null ? null : partitionOf(row.partition_keys, output.partitionBy),
  };
}

/** The partition's number, checked once more: a file that belongs nowhere would be rows lost. */
function partitionOf(keys: unknown, by: NonNullable<Output["partitionBy"]>): number {
  const entries = keys as readonly { readonly key: string; readonly value: string }[];
  const partition = Number(entries[0]?.value);
  assert(Number.isInteger(partition), `partition key ${JSON.stringify(keys)} is no number`);
  assert(partition >= 0 && partition < by.count, `partition ${partition} of ${by.count} does not exist`);
  return partition;
}
