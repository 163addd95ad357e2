/** Runs tasks in executor processes, started when first needed and kept for the next task. */
import { assert } from "@smallpond/base";
import type { TaskRunner } from "../execution/runner.ts";
import type { TaskRequest, TaskResult } from "../execution/task.ts";
import { type ExecutorDeps, ExecutorProcess } from "./executor-process.ts";

export interface ProcessRunnerDeps extends ExecutorDeps {
  /** Runs what cannot leave the session's process. */
  readonly home: TaskRunner;
}

export interface ProcessRunnerSettings {
  readonly slots: number;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly tempDirectory: string;
  readonly timeZone: string;
}

export class ProcessRunner implements TaskRunner {
  readonly slots: number;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly #deps: ProcessRunnerDeps;
  readonly #settings: ProcessRunnerSettings;
  readonly #idle: ExecutorProcess[] = [];
  readonly #busy = new Set<ExecutorProcess>();
  #started = 0;
  #closed = false;

  constructor(deps: ProcessRunnerDeps, settings: ProcessRunnerSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.slots = settings.slots;
    this.threads = settings.threads;
    this.memoryBytes = settings.memoryBytes;
  }

  /** Process ids of the executors there are now. */
  get pids(): number[] {
    return [...this.#idle, ...this.#busy].flatMap((executor) => executor.pid ?? []);
  }

  async run(request: TaskRequest, { signal }: { readonly signal: AbortSignal }): Promise<TaskResult> {
    const { task, limits, label } = request;
    if (task.home) return await this.#deps.home.run(request, { signal });
    assert(!this.#closed, "the runner is closed");
    const executor = this.#take();
    this.#busy.add(executor);
    try {
      return await executor.run(task, { limits, label, signal });
    } finally {
      this.#busy.delete(executor);
      if (executor.usable && !this.#closed) this.#idle.push(executor);
      else await (signal.aborted ? executor.kill() : executor.close());
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const idle = this.#idle.splice(0).map((executor) => executor.close());
    await Promise.all([...idle, ...[...this.#busy].map((executor) => executor.kill())]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(): ExecutorProcess {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) return idle;
    }
    const { threads, memoryBytes, tempDirectory, timeZone } = this.#settings;
    return ExecutorProcess.start(this.#deps, {
      threads,
      memoryBytes,
      tempDirectory: `${tempDirectory}/executor-${this.#started++}`,
      timeZone,
    });
  }
}
