/** The sums over one stage's events, kept as they come: a stage of 65,536 tasks is never gone through twice. */
import type { ExecutionEvent } from "../execution/events.ts";
import type { StageStep } from "../planner/stage-steps.ts";

export class StageTotals {
  /** The number of the stage in the job. */
  readonly id: number;
  readonly step: StageStep | undefined;
  name = "";
  tasks = 0;
  tasksDone = 0;
  attempts = 0;
  failedAttempts = 0;
  retries = 0;
  rows = 0;
  bytes = 0;
  peakMemoryBytes = 0;
  finished = false;
  firstMs: number;
  lastMs: number;
  /** Of the attempts that succeeded. */
  readonly taskMs: number[] = [];
  readonly #startedMs = new Map<number, number>();

  constructor(id: number, step: StageStep | undefined, atMs: number) {
    this.id = id;
    this.step = step;
    this.firstMs = atMs;
    this.lastMs = atMs;
  }

  /** Attempts under way. */
  get running(): number {
    return this.#startedMs.size;
  }

  /** How long the attempt of a task has been running, or ran until this event. */
  attemptMs(task: number, atMs: number): number {
    return atMs - (this.#startedMs.get(task) ?? atMs);
  }

  add(event: ExecutionEvent): void {
    this.firstMs = Math.min(this.firstMs, event.atMs);
    this.lastMs = Math.max(this.lastMs, event.atMs);
    switch (event.kind) {
      case "stage-started":
        this.name = event.name;
        this.tasks = event.tasks;
        return;
      case "stage-finished":
        this.finished = true;
        this.rows = event.rows;
        this.bytes = event.bytes;
        return;
      case "task-started":
        this.attempts++;
        this.#startedMs.set(event.task, event.atMs);
        return;
      case "task-finished":
        this.tasksDone++;
        this.rows += event.rows;
        this.bytes += event.bytes;
        this.peakMemoryBytes = Math.max(this.peakMemoryBytes, event.peakMemoryBytes);
        this.taskMs.push(this.attemptMs(event.task, event.atMs));
        this.#startedMs.delete(event.task);
        return;
      case "task-failed":
        this.failedAttempts++;
        if (event.retried) this.retries++;
        this.#startedMs.delete(event.task);
        return;
      default:
        event satisfies never;
    }
  }
}

/** The value below which a share of the values lie; 0 of none. The values must be in order. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
