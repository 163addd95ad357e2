/** Runs one task on one connection. The same code in the session's process and in an executor. */
import type { Disk } from "@smallpond/base";
import type { DatabaseConnection } from "../duckdb/database.ts";
import { commitOnce } from "./commit.ts";
import { copyStatement, writtenFiles } from "./copy-statement.ts";
import type { Output, RowsTask, TaskResult, WriteTask, WrittenFile } from "./task.ts";
import { writeArrow } from "./write-arrow.ts";

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
  const { connection, disk } = context;
  const { format } = output;
  if (format.kind === "arrow") return await writeArrow(context, query, output, format);
  const rows = await connection.rows(copyStatement(query, output, format), context);
  const files = rows.flatMap((row) => writtenFiles(row, output, format));
  if (format.kind === "parquet" || format.kind === "staging") return files;
  return await Promise.all(
    files.map(async (file) => ({ ...file, bytes: (await disk.stat(file.path)).size })),
  );
}
