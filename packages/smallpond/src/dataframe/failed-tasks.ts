/** From a task that failed for good to its report. */
import { errorToJson, isPondError } from "@smallpond/base";
import type { TaskFailure } from "../execution/scheduler.ts";
import type { TaskRequest } from "../execution/task.ts";
import { describeNode } from "../planner/describe.ts";
import { type FailedTask, inputsOf, stagingIn, type TaskSettings } from "../storage/failed-task.ts";
import type { StageTotals } from "./stage-totals.ts";

/** What the task was part of. */
export interface FailurePlace {
  readonly action: string;
  readonly stage: StageTotals;
}

export interface FailedTaskContext {
  readonly jobId: string;
  readonly dataRoot: string;
  /** Where people's commands look by themselves. */
  readonly defaultRoot: string;
  /** The `staging` directory of the job. */
  readonly staging: string;
  readonly settings: TaskSettings;
  readonly nowMs: number;
}

export function failedTask(
  failure: TaskFailure,
  place: FailurePlace,
  context: FailedTaskContext,
): FailedTask {
  const { request, index, error, attempts, output } = failure;
  const { stage } = place;
  const id = `${stage.id}-${index}`;
  const node = stage.step?.node;
  return {
    id,
    jobId: context.jobId,
    action: place.action,
    stage: stage.id,
    stageName: stage.name,
    task: index,
    step: detail(error, "step") ?? (node === undefined ? stage.name : describeNode(node)),
    at: detail(error, "origin") ?? node?.origin.location() ?? null,
    failedAt: new Date(context.nowMs).toISOString(),
    error: errorToJson(error),
    output,
    attempts: [...attempts],
    inputs: inputsOf(request.task.query),
    request,
    settings: context.settings,
    staging: stagingIn(JSON.stringify(request.task), context.staging),
    rerun: rerun(request, id, context),
  };
}

function rerun(request: TaskRequest, id: string, context: FailedTaskContext): FailedTask["rerun"] {
  const impossible = whyNot(request);
  if (impossible !== undefined) return { impossible };
  const { directory } = context.settings;
  const [root, usual] = [context.dataRoot, context.defaultRoot].map((path) => absolute(path, directory));
  const option = root === usual ? "" : ` --data-root ${shellWord(root!)}`;
  return { command: `pond job rerun ${context.jobId.slice(0, 8)} ${id}${option}` };
}

/** What ties a task to the process that had it. */
function whyNot({ task }: TaskRequest): string | undefined {
  if (!task.home) return undefined;
  const stays = task.kind === "function" && task.fn.code === null;
  const why = stays
    ? `${task.fn.name}() stays in its session's process`
    : "it reads rows of the program itself (fromItems, fromArrow) or calls functions that stay with it";
  return `${why}; run the script again`;
}

function detail(error: unknown, name: string): string | undefined {
  const value = isPondError(error) ? (error.details as Readonly<Record<string, unknown>>)[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

/** The command may be typed anywhere. */
function absolute(path: string, directory: string): string {
  return path.startsWith("/") ? path : `${directory}/${path.replace(/^\.\//, "")}`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
