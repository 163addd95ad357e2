/** A task that failed for good, as data: what it did, what it failed with, and all that running it again takes. */
import { type Disk, type ErrorJson, PondError } from "@smallpond/base";
import type { FailedAttempt } from "../execution/failure-policy.ts";
import type { TaskRequest } from "../execution/task.ts";
import { readJson, writeJson } from "./json-file.ts";

export interface FailedTask {
  /** `<stage>-<task>`. */
  readonly id: string;
  readonly jobId: string;
  readonly action: string;
  /** The stage's number in the job, its name, and the task's number in it. */
  readonly stage: number;
  readonly stageName: string;
  readonly task: number;
  /** The step of the script, and its line. */
  readonly step: string;
  readonly at: string | null;
  readonly failedAt: string;
  readonly error: ErrorJson;
  /** The end of what its process printed during the last attempt. */
  readonly output: string;
  /** All of them, the last included. */
  readonly attempts: readonly FailedAttempt[];
  /** Files the task reads, and which of their rows. */
  readonly inputs: readonly TaskInput[];
  readonly request: TaskRequest;
  readonly settings: TaskSettings;
  /** Directories below `staging` that the task reads. */
  readonly staging: readonly string[];
  /** The command that runs just this task, or why none can. */
  readonly rerun: { readonly command: string } | { readonly impossible: string };
}

/** Rows `begin` (included) to `end` (excluded), or the whole file. */
export interface TaskInput {
  readonly path: string;
  readonly begin?: number;
  readonly end?: number;
}

/** What a task's meaning depends on besides its own data. */
export interface TaskSettings {
  readonly timeZone: string;
  /** `DuckDB v1.5.5` */
  readonly engine: string;
  /** Relative paths start here. */
  readonly directory: string;
}

export async function writeFailedTask(disk: Disk, directory: string, task: FailedTask): Promise<void> {
  await disk.mkdir(directory, { recursive: true });
  await writeJson(disk, `${directory}/${task.id}.json`, task);
}

/** @throws TASK_NOT_FOUND when no task of that id failed. */
export async function readFailedTask(disk: Disk, directory: string, id: string): Promise<FailedTask> {
  const task = /^\d+-\d+$/.test(id) ? await readJson<FailedTask>(disk, `${directory}/${id}.json`) : undefined;
  if (task !== undefined) return task;
  const known = await failedTaskIds(disk, directory);
  throw new PondError("TASK_NOT_FOUND", {
    kind: "invalid",
    message: `no task ${id} failed in this job`,
    details: { task: id },
    hint: known.length === 0 ? "none of its tasks failed" : `failed tasks: ${known.join(", ")}`,
  });
}

export async function failedTaskIds(disk: Disk, directory: string): Promise<string[]> {
  if (!(await disk.exists(directory))) return [];
  const names = (await disk.readdir(directory)).map((entry) => entry.name);
  return names.flatMap((name) => /^(\d+-\d+)\.json$/.exec(name)?.[1] ?? []);
}

const READER = /\bread_(?:parquet|csv|json)\((\[(?:'(?:[^']|'')*'[,\s]*)*\]|'(?:[^']|'')*')/g;
const RANGE = /^[^()]*\) WHERE file_row_number >= (\d+) AND file_row_number < (\d+)/;

/** The files a task's query reads. Queries are made by the planner, so their form is known. */
export function inputsOf(query: string): TaskInput[] {
  const inputs: TaskInput[] = [];
  const found = [...query.matchAll(READER)];
  for (const [i, match] of found.entries()) {
    const rest = query.slice(match.index + match[0].length, found[i + 1]?.index);
    const paths = [...match[1]!.matchAll(/'((?:[^']|'')*)'/g)].map((path) => unescaped(path[1]!));
    const range = paths.length === 1 ? rangeOf(rest) : undefined;
    for (const path of paths) inputs.push({ path, ...range });
  }
  return inputs;
}

function rangeOf(rest: string): { readonly begin: number; readonly end: number } | undefined {
  const [, begin, end] = RANGE.exec(rest) ?? [];
  return begin === undefined ? undefined : { begin: Number(begin), end: Number(end) };
}

function unescaped(text: string): string {
  return text.replaceAll("''", "'").replace(/\[([*?[])\]/g, "$1");
}

/** The directories below `staging` that a text names. */
export function stagingIn(text: string, staging: string): string[] {
  const names = text.split(`${staging}/`).slice(1);
  return [...new Set(names.map((name) => /^[^/'"\\]+/.exec(name)?.[0] ?? ""))].filter((name) => name !== "");
}
