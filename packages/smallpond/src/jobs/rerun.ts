/** Runs one task that failed again, in a process of its own, from nothing but its report. */
import { type Clock, type Disk, isPondError, PondError } from "@smallpond/base";
import type { TaskRunner } from "../execution/runner.ts";
import type { Task, TaskLimits, TaskRequest, WrittenFile } from "../execution/task.ts";
import type { FailedTask } from "../storage/failed-task.ts";

export interface RerunOptions {
  /** Instead of the task's own limits. */
  readonly threads?: number;
  readonly memoryBytes?: number;
  /** Where its files go, an absolute path that is not there yet; they are removed when not given. */
  readonly keep?: string;
  readonly signal?: AbortSignal;
}

export interface RerunResult {
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  /** `DuckDB v1.5.5`; what ran it before is in the task's settings. */
  readonly engine: string;
  /** Only those that were kept. */
  readonly files: readonly WrittenFile[];
}

export interface RerunDeps {
  readonly clock: Clock;
  readonly disk: Disk;
  /** A fresh process that has the task's own settings, for one task. */
  readonly start: (task: FailedTask, limits: TaskLimits, tempDirectory: string) => TaskRunner;
}

/**
 * @throws TASK_NOT_RERUNNABLE for one that depends on its session's process, TARGET_EXISTS when `keep` is there, and
 *   whatever the task fails with.
 */
export async function rerunTask(
  { clock, disk, start }: RerunDeps,
  failed: FailedTask,
  options: RerunOptions = {},
): Promise<RerunResult> {
  if ("impossible" in failed.rerun) throw notRerunnable(failed, failed.rerun.impossible);
  const { keep } = options;
  if (keep !== undefined && (await disk.exists(keep))) throw targetExists(keep);
  const { request } = failed;
  const limits = {
    threads: options.threads ?? request.limits.threads,
    memoryBytes: options.memoryBytes ?? request.limits.memoryBytes,
  };
  await using temp = await disk.tempDirectory({ prefix: "pond-rerun-" });
  await using runner = start(failed, limits, `${temp.path}/spill`);
  if (keep !== undefined) await disk.mkdir(keep.slice(0, keep.lastIndexOf("/")), { recursive: true });
  const task = writingTo(request.task, keep ?? `${temp.path}/output`, `${temp.path}/marker`);
  const signal = options.signal ?? new AbortController().signal;
  const engine = await engineOf(runner, limits, signal);
  const startMs = clock.monotonicMs();
  const again: TaskRequest = { task, label: request.label, limits };
  const result = await runner.run(again, { signal }).catch((error: unknown) => {
    throw atStep(error, failed);
  });
  const { files, rows, peakMemoryBytes } = result;
  return {
    engine,
    rows: request.task.kind === "rows" ? rows.length : files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    seconds: Math.round(clock.monotonicMs() - startMs) / 1000,
    peakMemoryBytes,
    files: keep === undefined ? [] : files,
  };
}

async function engineOf(runner: TaskRunner, limits: TaskLimits, signal: AbortSignal): Promise<string> {
  const task: Task = { kind: "rows", home: false, query: "SELECT version() AS version" };
  const { rows } = await runner.run({ task, label: "version", limits }, { signal });
  return `DuckDB ${String(rows[0]?.version)}`;
}

/** The error as the job told it: with the user's SQL, the step and its line, without lines of generated SQL. */
function atStep(error: unknown, failed: FailedTask): unknown {
  if (!isPondError(error)) return error;
  const { code, kind, details, hint, cause } = error;
  const lines = [error.message.replace(/\n\nLINE \d+: [\s\S]*$/, "")];
  const sql = userSql(failed);
  if (sql !== undefined && !lines[0]!.includes(sql))
    lines.push(`  SQL:  ${sql.replaceAll("\n", "\n        ")}`);
  lines.push(`  step: ${failed.step}`);
  if (failed.at !== null) lines.push(`  at:   ${failed.at}`);
  const rest = { kind, details, hint, ...(cause === undefined ? {} : { cause }) };
  return new PondError(code, { ...rest, message: lines.join("\n") });
}

function userSql({ error }: FailedTask): string | undefined {
  const sql = (error.details as { readonly userSql?: unknown } | undefined)?.userSql;
  return typeof sql === "string" ? sql : undefined;
}

/** The task with an output that is nobody's: neither what it wrote before nor what others read is touched. */
function writingTo(task: Task, directory: string, marker: string): Task {
  return task.kind === "rows" ? task : { ...task, output: { ...task.output, directory, marker } };
}

function notRerunnable(failed: FailedTask, why: string): PondError {
  return new PondError("TASK_NOT_RERUNNABLE", {
    kind: "invalid",
    message: `task ${failed.id} cannot run by itself: ${why}`,
    details: { task: failed.id, step: failed.step },
    hint: "--sql prints its query",
  });
}

function targetExists(path: string): PondError {
  return new PondError("TARGET_EXISTS", {
    kind: "conflict",
    message: `${path} is there already`,
    details: { path },
    hint: "name a folder that is not there yet; the task makes it",
  });
}
