/**
 * Runs a graph of stages: a stage starts when the stages it needs are done, its tasks as soon as there is room.
 *
 * Room is counted in slots, threads and memory of the runner. The first task that fails for good stops everything: no
 * new task starts, running ones are interrupted, and the error is thrown when all of them have ended.
 */
import { assert, type Clock, isPondError, PondError } from "@smallpond/base";
import type { EventSink } from "./events.ts";
import { type FailedAttempt, RUN_FAILURES_MAX, roomBytes, verdictOf } from "./failure-policy.ts";
import type { TaskRunner } from "./runner.ts";
import type { Task, TaskLimits, TaskRequest, TaskResult } from "./task.ts";
import { outputOf } from "./task-output.ts";

/** The tasks of a stage, made when the results it reads are there. */
export interface StageWork {
  readonly count: number;
  /** A fresh task for one more attempt; its output directory is the attempt's own. */
  task(index: number, attempt: number): Task;
  /** Called once, with one result per task in order. */
  finish(results: readonly TaskResult[]): Promise<void>;
  /** Removes what its tasks wrote, when the run fails before the stage is finished. */
  abandon(): Promise<void>;
}

export interface ScheduledStage {
  readonly id: number;
  readonly name: string;
  /** Ids of stages that come first. */
  readonly needs: readonly number[];
  prepare(): Promise<StageWork>;
  /** Adds to a task's error what the plan knows about it. */
  explain(error: unknown): unknown;
}

export interface SchedulerDeps {
  readonly clock: Clock;
  readonly runner: TaskRunner;
  readonly events: EventSink;
  /** Told of the task that ends the run, before its error is thrown. */
  readonly failed?: (failure: TaskFailure) => void;
}

/** A task that failed for good. */
export interface TaskFailure {
  readonly stage: { readonly id: number; readonly name: string };
  readonly index: number;
  /** Of its last attempt. */
  readonly request: TaskRequest;
  readonly attempts: readonly FailedAttempt[];
  /** As it will be thrown, with what the plan knows. */
  readonly error: unknown;
  /** What its process printed during the last attempt; the end of it. */
  readonly output: string;
}

export interface RunStagesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Time one attempt at a task may take; no limit when not given. */
  readonly taskTimeoutMs?: number | null;
}

/** Runs all stages. Aborting rejects with `signal.reason` once every running task has ended. */
export async function runStages(
  deps: SchedulerDeps,
  stages: readonly ScheduledStage[],
  options: RunStagesOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const run = new StageRun(deps, stages, options.taskTimeoutMs ?? null);
  const onAbort = (): void => run.stop(options.signal?.reason);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await run.finished();
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

interface ActiveStage {
  readonly stage: ScheduledStage;
  readonly work: StageWork;
  readonly limits: TaskLimits;
  readonly results: TaskResult[];
  readonly retries: Try[];
  next: number;
  done: number;
}

/** A task's next attempt, and what came of the earlier ones. */
interface Try {
  readonly index: number;
  readonly limits: TaskLimits;
  readonly failed: readonly FailedAttempt[];
}

class StageRun {
  readonly #deps: SchedulerDeps;
  readonly #taskTimeoutMs: number | null;
  readonly #waiting: Set<ScheduledStage>;
  readonly #finished = new Set<number>();
  readonly #active: ActiveStage[] = [];
  readonly #stop = new AbortController();
  #preparing = 0;
  #running = 0;
  #threadsFree: number;
  #memoryFree: number;
  #failedAttempts = 0;
  #failure: { readonly error: unknown } | undefined;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(deps: SchedulerDeps, stages: readonly ScheduledStage[], taskTimeoutMs: number | null) {
    this.#deps = deps;
    this.#waiting = new Set(stages);
    this.#taskTimeoutMs = taskTimeoutMs;
    this.#threadsFree = deps.runner.threads;
    this.#memoryFree = deps.runner.memoryBytes;
  }

  finished(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#advance();
    });
  }

  stop(reason: unknown): void {
    this.#failure ??= { error: reason };
    this.#stop.abort(reason);
    this.#advance();
  }

  /** Starts whatever can start, or ends the run. Called after every change. */
  #advance(): void {
    if (this.#failure === undefined) {
      this.#prepareReady();
      this.#startTasks();
    }
    if (this.#running > 0 || this.#preparing > 0 || this.#settle === undefined) return;
    const settle = this.#settle;
    this.#settle = undefined;
    if (this.#failure !== undefined) void this.#abandon(this.#failure.error).then(settle.reject);
    else {
      assert(this.#waiting.size === 0, "stages wait for each other in a circle");
      assert(this.#active.length === 0, "a stage has tasks that nothing runs");
      settle.resolve();
    }
  }

  /** Cleans up after a failure. The failure is what people hear of; that cleaning failed too comes second. */
  async #abandon(error: unknown): Promise<unknown> {
    const cleaned = await Promise.allSettled(this.#active.map((active) => active.work.abandon()));
    const failed = cleaned.flatMap((result) =>
      result.status === "rejected" ? [result.reason as unknown] : [],
    );
    return failed.length === 0
      ? error
      : new AggregateError([error, ...failed], String((error as Error).message));
  }

  #prepareReady(): void {
    for (const stage of this.#waiting) {
      if (!stage.needs.every((id) => this.#finished.has(id))) continue;
      this.#waiting.delete(stage);
      this.#preparing++;
      void this.#prepare(stage);
    }
  }

  async #prepare(stage: ScheduledStage): Promise<void> {
    try {
      const work = await stage.prepare();
      const active = {
        stage,
        work,
        limits: this.#limits(work.count),
        results: [],
        retries: [],
        next: 0,
        done: 0,
      };
      const { id, name } = stage;
      this.#emit({ kind: "stage-started", stage: id, name, tasks: work.count, atMs: this.#now() });
      if (work.count === 0) await this.#finish(active);
      else this.#active.push(active);
    } catch (error) {
      this.#fail(error);
    }
    this.#preparing--;
    this.#advance();
  }

  /** Few tasks get many threads each, many tasks one; memory goes with the threads. */
  #limits(tasks: number): TaskLimits {
    const { runner } = this.#deps;
    const together = Math.max(1, Math.min(tasks, runner.slots));
    const threads = Math.max(1, Math.floor(runner.threads / together));
    return { threads, memoryBytes: Math.floor(runner.memoryBytes / together) };
  }

  #startTasks(): void {
    for (const active of this.#active) {
      while (this.#running < this.#deps.runner.slots) {
        const next = this.#nextTry(active);
        if (next === undefined) break;
        this.#running++;
        this.#threadsFree -= next.limits.threads;
        this.#memoryFree -= next.limits.memoryBytes;
        void this.#runTask(active, next);
      }
    }
  }

  /** Retries come first; one that needs more room than there is lets others pass until they have ended. */
  #nextTry(active: ActiveStage): Try | undefined {
    const retry = active.retries.findIndex(({ limits }) => this.#hasRoom(limits));
    if (retry !== -1) return active.retries.splice(retry, 1)[0];
    if (active.next === active.work.count || !this.#hasRoom(active.limits)) return undefined;
    return { index: active.next++, limits: active.limits, failed: [] };
  }

  /** A task that was given more than is free now waits, unless nothing runs at all. */
  #hasRoom({ threads, memoryBytes }: TaskLimits): boolean {
    return (threads <= this.#threadsFree && memoryBytes <= this.#memoryFree) || this.#running === 0;
  }

  async #runTask(active: ActiveStage, current: Try): Promise<void> {
    const { index, limits } = current;
    const stage = active.stage.id;
    const attempt = current.failed.length;
    this.#emit({ kind: "task-started", stage, task: index, attempt, atMs: this.#now() });
    const request = {
      task: active.work.task(index, attempt),
      label: `${active.stage.name} [${index}]`,
      limits,
    };
    try {
      const result = await this.#attempt(request);
      const rows = result.files.reduce((sum, file) => sum + file.rows, 0);
      const bytes = result.files.reduce((sum, file) => sum + file.bytes, 0);
      const { peakMemoryBytes, executor } = result;
      const figures = { rows, bytes, peakMemoryBytes, ...(executor === undefined ? {} : { executor }) };
      const atMs = this.#now();
      this.#emit({ kind: "task-finished", stage, task: index, attempt, atMs, ...figures });
      active.results[index] = result;
      active.done++;
    } catch (error) {
      await this.#judge(active, current, request, error);
    }
    if (active.done === active.work.count && this.#failure === undefined) await this.#close(active);
    this.#running--;
    this.#threadsFree += limits.threads;
    this.#memoryFree += limits.memoryBytes;
    this.#advance();
  }

  async #attempt(request: TaskRequest): Promise<TaskResult> {
    const { clock, runner } = this.#deps;
    const limitMs = this.#taskTimeoutMs;
    if (limitMs === null) return await runner.run(request, { signal: this.#stop.signal });
    const late = new AbortController();
    const timer = clock.timer(limitMs, () => late.abort(timedOut(request.label, limitMs)));
    try {
      return await runner.run(request, { signal: AbortSignal.any([this.#stop.signal, late.signal]) });
    } finally {
      timer.cancel();
    }
  }

  /** Queues another attempt, or ends the run. */
  async #judge(active: ActiveStage, current: Try, request: TaskRequest, error: unknown): Promise<void> {
    const { index, limits } = current;
    const attempt = current.failed.length;
    const message = error instanceof Error ? error.message : String(error);
    const code = isPondError(error) ? error.code : null;
    const failed = [...current.failed, { attempt, code, message, memoryBytes: limits.memoryBytes }];
    const allBytes = this.#deps.runner.memoryBytes;
    const hopeless = this.#stop.signal.aborted || ++this.#failedAttempts > RUN_FAILURES_MAX;
    const verdict = hopeless ? ({ kind: "final" } as const) : verdictOf(error, failed, allBytes);
    const stage = active.stage.id;
    const retried = verdict.kind === "again";
    this.#emit({ kind: "task-failed", stage, task: index, attempt, atMs: this.#now(), message, retried });
    if (!retried) {
      this.#failTask(active, { index, request, attempts: failed }, error);
      return;
    }
    // The slot stays taken meanwhile: what hiccups for one task does so for the next as well.
    if (verdict.afterMs > 0) await this.#pause(verdict.afterMs);
    const memoryBytes = roomBytes(verdict.room, limits.memoryBytes, allBytes);
    active.retries.push({ index, limits: { ...limits, memoryBytes }, failed });
  }

  #failTask(
    active: ActiveStage,
    task: Pick<TaskFailure, "index" | "request" | "attempts">,
    error: unknown,
  ): void {
    const { id, name } = active.stage;
    const explained = active.stage.explain(error);
    // What ends because something else failed, or because people wanted it, has no failure of its own.
    if (!this.#stop.signal.aborted) {
      this.#deps.failed?.({ ...task, stage: { id, name }, error: explained, output: outputOf(error) });
    }
    this.#fail(explained);
  }

  async #pause(ms: number): Promise<void> {
    await this.#deps.clock.sleep(ms, { signal: this.#stop.signal }).catch(() => {});
  }

  async #close(active: ActiveStage): Promise<void> {
    try {
      await this.#finish(active);
      this.#active.splice(this.#active.indexOf(active), 1);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #finish(active: ActiveStage): Promise<void> {
    await active.work.finish(active.results);
    const files = active.results.flatMap((result) => result.files);
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    this.#emit({ kind: "stage-finished", stage: active.stage.id, atMs: this.#now(), rows, bytes });
    this.#finished.add(active.stage.id);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop.abort(this.#failure.error);
  }

  #emit(event: Parameters<EventSink>[0]): void {
    this.#deps.events(event);
  }

  #now(): number {
    return this.#deps.clock.wallMs();
  }
}

function timedOut(label: string, limitMs: number): PondError {
  return new PondError("TASK_TIMEOUT", {
    kind: "unavailable",
    message: `${label} took longer than ${limitMs / 1000} s`,
    details: { limitMs },
    hint: "raise the taskTimeoutMs option (SP_TASK_TIMEOUT_MS), or use more partitions so that each is smaller",
  });
}
