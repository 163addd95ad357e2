/** Runs tasks in this process, on connections of the session's own DuckDB. Costs nothing to start. */
import type { Clock, Disk } from "@smallpond/base";
import type { Database } from "../duckdb/database.ts";
import { type FunctionHost, runFunctionTask } from "./function-task.ts";
import { watchMemory } from "./memory-watch.ts";
import { type RunContext, runTask } from "./run-task.ts";
import type { TaskRunner } from "./runner.ts";
import type { FunctionTask, TaskRequest, TaskResult } from "./task.ts";

export interface InlineRunnerDeps {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly database: Database;
  readonly functions: FunctionHost;
  /** Resident memory of this process, in bytes. */
  readonly residentBytes: () => number;
}

export interface InlineRunnerSettings {
  readonly slots: number;
  readonly threads: number;
  readonly memoryBytes: number;
}

export class InlineRunner implements TaskRunner {
  readonly slots: number;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly #deps: InlineRunnerDeps;

  constructor(deps: InlineRunnerDeps, settings: InlineRunnerSettings) {
    this.#deps = deps;
    this.slots = settings.slots;
    this.threads = settings.threads;
    this.memoryBytes = settings.memoryBytes;
  }

  async run({ task, label }: TaskRequest, { signal }: { readonly signal: AbortSignal }): Promise<TaskResult> {
    signal.throwIfAborted();
    await using connection = await this.#deps.database.connect();
    const { clock, disk, residentBytes } = this.#deps;
    // The process is the user's own: the whole of the limit counts, not a share per task.
    using watch = watchMemory({ clock, residentBytes }, { limitBytes: this.memoryBytes, label, signal });
    const context = { connection, disk, signal: watch.signal };
    const outcome = task.kind === "function" ? await this.#call(context, task) : await runTask(context, task);
    return { ...outcome, peakMemoryBytes: watch.peakBytes() };
  }

  async #call(context: RunContext, task: FunctionTask): Promise<Omit<TaskResult, "peakMemoryBytes">> {
    await using input = await this.#deps.database.connect();
    return await runFunctionTask({ ...context, ...this.#deps.functions, input }, task);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
