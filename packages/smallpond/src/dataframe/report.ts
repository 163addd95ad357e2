/** What a session did, from the events of its stages: for `report.json`, the timeline, and people. */
import type { ExecutionEvent } from "../execution/events.ts";

export interface StageReport {
  readonly name: string;
  readonly tasks: number;
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  readonly failedAttempts: number;
}

export interface ActionReport {
  /** `count()`, `writeParquet(output/)`, … */
  readonly name: string;
  readonly seconds: number;
  readonly outcome: "running" | "done" | "failed";
  readonly stages: readonly StageReport[];
}

export interface SessionReport {
  readonly jobId: string;
  readonly jobName: string;
  readonly startedAt: string;
  readonly engine: string;
  readonly actions: readonly ActionReport[];
}

/** Collects the events of one action. */
export class ActionRecorder {
  readonly name: string;
  readonly startMs: number;
  readonly events: ExecutionEvent[] = [];
  #end: { readonly atMs: number; readonly outcome: "done" | "failed" } | undefined;

  constructor(name: string, startMs: number) {
    this.name = name;
    this.startMs = startMs;
  }

  end(outcome: "done" | "failed", atMs: number): void {
    this.#end ??= { outcome, atMs };
  }

  report(nowMs: number): ActionReport {
    const end = this.#end?.atMs ?? nowMs;
    return {
      name: this.name,
      seconds: seconds(end - this.startMs),
      outcome: this.#end?.outcome ?? "running",
      stages: stageReports(this.events),
    };
  }
}

/** One pass over the events: a stage of 65,536 tasks has twice as many. */
function stageReports(events: readonly ExecutionEvent[]): StageReport[] {
  const stages = new Map<number, StageTotals>();
  for (const event of events) {
    const totals = stages.get(event.stage) ?? newTotals(event.atMs);
    stages.set(event.stage, totals);
    addEvent(totals, event);
  }
  return [...stages.values()].map(({ firstMs, lastMs, ...report }) => ({
    ...report,
    seconds: seconds(lastMs - firstMs),
  }));
}

interface StageTotals {
  name: string;
  tasks: number;
  rows: number;
  bytes: number;
  peakMemoryBytes: number;
  failedAttempts: number;
  firstMs: number;
  lastMs: number;
}

function newTotals(atMs: number): StageTotals {
  return {
    name: "",
    tasks: 0,
    rows: 0,
    bytes: 0,
    peakMemoryBytes: 0,
    failedAttempts: 0,
    firstMs: atMs,
    lastMs: atMs,
  };
}

function addEvent(totals: StageTotals, event: ExecutionEvent): void {
  totals.firstMs = Math.min(totals.firstMs, event.atMs);
  totals.lastMs = Math.max(totals.lastMs, event.atMs);
  switch (event.kind) {
    case "stage-started":
      totals.name = event.name;
      totals.tasks = event.tasks;
      return;
    case "stage-finished":
      totals.rows = event.rows;
      totals.bytes = event.bytes;
      return;
    case "task-started":
      return;
    case "task-finished":
      totals.peakMemoryBytes = Math.max(totals.peakMemoryBytes, event.peakMemoryBytes);
      return;
    case "task-failed":
      totals.failedAttempts++;
      return;
    default:
      event satisfies never;
  }
}

/** One span per task attempt in the Trace Event Format that browsers' profilers open. */
export function timeline(actions: readonly ActionRecorder[]): object {
  const spans = actions.flatMap((action, pid) => spansOf(action, pid));
  return { displayTimeUnit: "ms", traceEvents: spans };
}

function spansOf(action: ActionRecorder, pid: number): object[] {
  const spans: object[] = [];
  const names = new Map<number, string>();
  const open = new Map<string, number>();
  for (const event of action.events) {
    if (event.kind === "stage-started") names.set(event.stage, event.name);
    if (!("task" in event)) continue;
    const key = `${event.stage}/${event.task}/${event.attempt}`;
    if (event.kind === "task-started") open.set(key, event.atMs);
    else {
      const start = open.get(key) ?? event.atMs;
      const name = `${names.get(event.stage) ?? ""} [${event.task}]`;
      spans.push({
        name,
        cat: event.kind,
        ph: "X",
        ts: start * 1000,
        dur: (event.atMs - start) * 1000,
        pid,
        tid: event.task,
      });
    }
  }
  return spans;
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
