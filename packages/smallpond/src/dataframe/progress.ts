/** How far a running action is, and that on one line. What cannot be known is left out rather than guessed. */
import { formatBytes } from "@smallpond/base";
import type { ActionRecorder } from "./recorder.ts";
import type { StageTotals } from "./stage-totals.ts";

export interface Progress {
  /** `writeParquet(output/)` */
  readonly action: string;
  readonly seconds: number;
  /** The step that runs now: the newest stage that is not finished, or the query at the end. */
  readonly step: string | null;
  /** Its place among the action's steps, from 1. */
  readonly stepNumber: number;
  readonly steps: number;
  /** Of that step; 0 for the query at the end. */
  readonly tasks: number;
  readonly tasksDone: number;
  /** Of the query at the end, from 0 to 1. */
  readonly queryShare: number | null;
  /** Written so far by all of the action's steps. */
  readonly rows: number;
  readonly bytes: number;
  readonly retries: number;
  /** Until the end of that step; null while too little of it is done to tell. */
  readonly stepSecondsLeft: number | null;
}

export function progressOf(action: ActionRecorder, nowMs: number): Progress {
  const stages = [...action.stages.values()];
  const current = action.queryStartMs === undefined ? stages.findLast((stage) => !stage.finished) : undefined;
  const sum = (of: (stage: StageTotals) => number): number =>
    stages.reduce((total, stage) => total + of(stage), 0);
  const plan = action.plans.at(-1);
  const steps = (plan?.steps.length ?? 0) + (plan?.query == null ? 0 : 1);
  const query = action.queryStartMs === undefined ? null : (action.queryShare?.() ?? null);
  return {
    action: action.name,
    seconds: (nowMs - action.startMs) / 1000,
    step: current?.name ?? null,
    stepNumber: Math.min(steps, stages.filter((stage) => stage.finished).length + 1),
    steps,
    tasks: current?.tasks ?? 0,
    tasksDone: current?.tasksDone ?? 0,
    queryShare: query,
    rows: sum((stage) => stage.rows),
    bytes: sum((stage) => stage.bytes),
    retries: sum((stage) => stage.retries),
    stepSecondsLeft: current === undefined ? queryLeft(action, query, nowMs) : stageLeft(current, nowMs),
  };
}

/** Too little to tell before that. */
const TOLD_AFTER_MS = 1_000;
const TASKS_TOLD_MIN = 3;
const SHARE_TOLD_MIN = 0.05;

/** As the tasks so far went, so will the others. Those that run now count as half done. */
function stageLeft(stage: StageTotals, nowMs: number): number | null {
  const elapsedMs = nowMs - stage.firstMs;
  if (stage.tasksDone < TASKS_TOLD_MIN || elapsedMs < TOLD_AFTER_MS) return null;
  const done = stage.tasksDone + stage.running / 2;
  return Math.max(0, (elapsedMs * (stage.tasks - done)) / done / 1000);
}

function queryLeft(action: ActionRecorder, share: number | null, nowMs: number): number | null {
  if (share === null || share < SHARE_TOLD_MIN || action.queryStartMs === undefined) return null;
  const elapsedMs = nowMs - action.queryStartMs;
  return elapsedMs < TOLD_AFTER_MS ? null : (elapsedMs * (1 - share)) / share / 1000;
}

const STEP_MIN = 12;

/** One line of at most `width` characters; the step's name gives way first. */
export function progressText(progress: Progress, width: number): string {
  const { action, step } = progress;
  const head = step === null || step === action ? action : `${action} · ${step}`;
  const tail = figures(progress)
    .map((part) => ` · ${part}`)
    .join("");
  const room = Math.max(STEP_MIN, width - tail.length);
  return cut(`${cut(head, room)}${tail}`, width);
}

function figures(progress: Progress): string[] {
  const { tasks, tasksDone, steps, stepNumber, queryShare, rows, bytes, retries, seconds } = progress;
  const parts: string[] = [];
  if (steps > 1) parts.push(`step ${stepNumber}/${steps}`);
  if (tasks > 0) parts.push(`${tasksDone}/${tasks} tasks`);
  if (queryShare !== null && queryShare > 0) parts.push(`${Math.floor(queryShare * 100)} %`);
  if (rows > 0) parts.push(`${rows.toLocaleString("en-US")} rows`);
  if (bytes > 0) parts.push(formatBytes(bytes));
  if (retries > 0) parts.push(retries === 1 ? "1 retry" : `${retries} retries`);
  parts.push(`${timeText(seconds)}${leftText(progress)}`);
  return parts;
}

/** What is left of the last step is left of all. */
function leftText({ stepSecondsLeft, stepNumber, steps }: Progress): string {
  if (stepSecondsLeft === null) return "";
  const of = stepNumber < steps ? " of this step" : "";
  return `, about ${timeText(Math.max(1, Math.round(stepSecondsLeft)))}${of} left`;
}

function timeText(seconds: number): string {
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
