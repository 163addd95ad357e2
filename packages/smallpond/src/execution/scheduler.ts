/**
 * Runs a graph of stages: a stage starts when the stages it needs are done, its tasks as soon as there is room.
 *
 * Room is counted in slots and threads of the runner. The first task that fails for good stops everything: no new
 * task starts, running ones are interrupted, and the error is thrown when all of them have ended.
 */
import { assert, type Clock, isPondError } from "@smallpond/base";
import type { EventSink } from "./events.ts";
import type { TaskRunner } from "./runner.ts";
import type { Task, TaskLimits, TaskResult } from "./task.ts";

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
}

/** Attempts at a task whose executor died. Other failures would only repeat. */
const ATTEMPTS_MAX = 4;

/** Runs all stages. Aborting rejects with `signal.reason` once every running task has ended. */
export async function runStages(
  deps: SchedulerDeps,
  stages: readonly ScheduledStage[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const run = new StageRun(deps, stages);
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
  readonly retries: { readonly index: number; readonly attempt: number }[];
  next: number;
  done: number;
}

class StageRun {
  readonly #deps: SchedulerDeps;
  readonly #waiting: Set<ScheduledStage>;
  readonly #finished = new Set<number>();
  readonly #active: ActiveStage[] = [];
  readonly #stop = new AbortController();
  #preparing = 0;
  #running = 0;
  #threadsFree: number;
  #failure: { readonly error: unknown } | undefined;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(deps: SchedulerDeps, stages: readonly ScheduledStage[]) {
    this.#deps = deps;
    this.#waiting = new Set(stages);
    this.#threadsFree = deps.runner.threads;
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
      while (this.#running < this.#deps.runner.slots && this.#hasRoom(active)) {
        const retry = active.retries.shift();
        const index = retry?.index ?? active.next++;
        this.#running++;
        this.#threadsFree -= active.limits.threads;
        void this.#runTask(active, index, retry?.attempt ?? 0);
      }
    }
  }

  #hasRoom(active: ActiveStage): boolean {
    const left = active.retries.length > 0 || active.next < active.work.count;
    // A stage that was given more threads than are free now waits, unless nothing runs at all.
    return left && (active.limits.threads <= this.#threadsFree || this.#running === 0);
  }

  async #runTask(active: ActiveStage, index: number, attempt: number): Promise<void> {
    const stage = active.stage.id;
    this.#emit({ kind: "task-started", stage, task: index, attempt, atMs: this.#now() });
    try {
      const task = active.work.task(index, attempt);
      const request = { task, label: `${active.stage.name} [${index}]`, limits: active.limits };
      const result = await this.#deps.runner.run(request, { signal: this.#stop.signal });
      const rows = result.files.reduce((sum, file) => sum + file.rows, 0);
      const bytes = result.files.reduce((sum, file) => sum + file.bytes, 0);
      const { peakMemoryBytes } = result;
      const atMs = this.#now();
      this.#emit({ kind: "task-finished", stage, task: index, attempt, atMs, rows, bytes, peakMemoryBytes });
      active.results[index] = result;
      active.done++;
    } catch (error) {
      const retried =
        isPondError(error, "EXECUTOR_LOST") && attempt + 1 < ATTEMPTS_MAX && !this.#stop.signal.aborted;
      const message = error instanceof Error ? error.message : String(error);
      this.#emit({ kind: "task-failed", stage, task: index, attempt, atMs: this.#now(), message, retried });
      if (retried) active.retries.push({ index, attempt: attempt + 1 });
      else this.#fail(active.stage.explain(error));
    }
    if (active.done === active.work.count && this.#failure === undefined) await this.#close(active);
    this.#running--;
    this.#threadsFree += active.limits.threads;
    this.#advance();
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
