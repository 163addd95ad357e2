/** Units of work as data: a task can be sent to another process and run there any number of times. */
import type { FileFormat } from "../dataset/file-format.ts";
import type { FunctionSpec, OutputColumn, UdfSpec } from "../functions/spec.ts";

/** What every task is. */
interface TaskBase {
  /** The functions of the session that its SQL may call. */
  readonly udfs?: readonly UdfSpec[];
}

/** Runs a query and writes its rows. */
export interface WriteTask extends TaskBase {
  readonly kind: "write";
  /** It reads tables of the session's own database, so it cannot run anywhere else. */
  readonly home: boolean;
  readonly query: string;
  readonly output: Output;
}

/** Runs a query and returns its few rows. */
export interface RowsTask extends TaskBase {
  readonly kind: "rows";
  readonly home: boolean;
  readonly query: string;
}

/** Runs a function over a query's rows and writes what it returns. */
export interface FunctionTask extends TaskBase {
  readonly kind: "function";
  /** Its input or the function itself is only in the session's own process. */
  readonly home: boolean;
  readonly fn: FunctionSpec;
  readonly query: string;
  /** A query for the `file` and `row` that each row of the input came from; null when they are not rows of files. */
  readonly places: string | null;
  /** Which part of the input it is, for messages. */
  readonly partition: { readonly index: number; readonly count: number };
  readonly output: Output;
}

export type Task = WriteTask | RowsTask | FunctionTask;

export interface Output {
  /** Made by the task, one per attempt; nothing else is in it. */
  readonly directory: string;
  /** The file that names the attempt that counts, one per task. */
  readonly marker: string;
  /** Files are called `<name>.parquet`, or `<name>-<n>.parquet` where there may be several. */
  readonly name: string;
  /** Set when the query's last column, of that name, is the number of the partition a row goes to. */
  readonly partitionBy: { readonly column: string; readonly count: number } | null;
  /** Columns whose values are directories, for people's readers; `keep` has them in the files as well. */
  readonly hive: { readonly columns: readonly string[]; readonly keep: boolean } | null;
  /** A file that has reached this size is followed by another. */
  readonly fileSizeBytes: number | null;
  /** Kept in the footer of every Parquet file. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly format: FileFormat;
}

export interface WrittenFile {
  readonly path: string;
  /** Directories below the output's own that say the values of columns: `year=2024/month=5`. */
  readonly folder?: string;
  /** Rows in it. How those of a text file that was cut divide is not known: its first piece counts them all. */
  readonly rows: number;
  readonly bytes: number;
  /** The partition its rows belong to, when the output is divided. */
  readonly partition: number | null;
  /** The columns of a function's output, when its rows decided them. */
  readonly columns?: readonly OutputColumn[];
}

export interface TaskResult {
  readonly files: readonly WrittenFile[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Largest resident memory of the process seen while the task ran. */
  readonly peakMemoryBytes: number;
  /** Process id of the executor; none when the session's own process ran it. */
  readonly executor?: number;
}

/** What a task may use. */
export interface TaskLimits {
  readonly threads: number;
  /** Resident memory of the process that runs it; DuckDB gets about half. */
  readonly memoryBytes: number;
}

/** A task, where it comes from and what it may use. */
export interface TaskRequest {
  readonly task: Task;
  readonly label: string;
  readonly limits: TaskLimits;
}
