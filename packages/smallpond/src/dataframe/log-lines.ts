/** What is noted of a session as lines of its log. */
import { isPondError } from "@smallpond/base";
import type { ExecutionEvent } from "../execution/events.ts";
import type { LogLine } from "../storage/job-log.ts";
import type { ActionRecorder } from "./recorder.ts";
import type { StageTotals } from "./stage-totals.ts";

type Line = Omit<LogLine, "time" | "job">;

export function actionStartedLine(action: ActionRecorder): Line {
  return { level: "info", event: "action-started", action: action.name };
}

export function actionEndedLine(action: ActionRecorder, error: unknown): Line {
  const { name, outcome, startMs, endMs = startMs } = action;
  const level = outcome === "failed" ? "error" : outcome === "interrupted" ? "warn" : "info";
  const line: Line = { level, event: `action-${outcome}`, action: name, seconds: (endMs - startMs) / 1000 };
  return error === undefined ? line : { ...line, message: messageOf(error) };
}

export function stageLine(action: ActionRecorder, stage: StageTotals, event: ExecutionEvent): Line {
  const place = { action: action.name, stage: event.stage };
  switch (event.kind) {
    case "stage-started":
      return { level: "info", event: event.kind, ...place, tasks: event.tasks, message: event.name };
    case "stage-finished": {
      const { rows, bytes } = event;
      return { level: "info", event: event.kind, ...place, rows, bytes, seconds: secondsOf(stage) };
    }
    case "task-started":
      return { level: "debug", event: event.kind, ...place, task: event.task, attempt: event.attempt };
    case "task-finished": {
      const { task, attempt, rows, bytes, executor } = event;
      const seconds = (stage.taskMs.at(-1) ?? 0) / 1000;
      return { level: "debug", event: event.kind, ...place, task, attempt, executor, rows, bytes, seconds };
    }
    case "task-failed": {
      const { task, attempt, message } = event;
      const level = event.retried ? "warn" : "error";
      return { level, event: event.retried ? "task-retried" : event.kind, ...place, task, attempt, message };
    }
    default:
      return event satisfies never;
  }
}

/** The first line says what, the others what it is about; all of them are in the failed task's report. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isPondError(error) ? `${error.code}: ${error.message}` : error.message;
}

function secondsOf(stage: StageTotals): number {
  return (stage.lastMs - stage.firstMs) / 1000;
}
