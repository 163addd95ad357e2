/** Where the tasks of a session run: small work in its own process, the rest in executors, which come when needed. */
import type { Clock } from "@smallpond/base";
import type { Permits } from "../execution/rate-limiter.ts";
import type { TaskRunner } from "../execution/runner.ts";
import { passOn } from "../platform/console-output.ts";
import { ProcessRunner } from "../platform/process-runner.ts";
import type { SessionSettings } from "./init-options.ts";

export interface RunnerDeps {
  readonly clock: Clock;
  readonly permits: Permits;
  /** Runs tasks in this process. */
  readonly home: TaskRunner;
}

export type RunnerSettings = Pick<
  SessionSettings,
  "numExecutors" | "threads" | "memoryBytes" | "timeZone"
> & { readonly tempDirectory: string };

/** Work up to this size runs in the session's own process under `numExecutors: "auto"`. */
const INLINE_BYTES_MAX = 256 * 1024 * 1024;

export class SessionRunners {
  readonly #deps: RunnerDeps;
  readonly #settings: RunnerSettings;
  #processes: ProcessRunner | undefined;

  constructor(deps: RunnerDeps, settings: RunnerSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** How many executors work on inputs of this size; 0 is this process. */
  executorsFor(inputBytes: number): number {
    const { numExecutors, threads } = this.#settings;
    if (numExecutors !== "auto") return numExecutors;
    return inputBytes <= INLINE_BYTES_MAX ? 0 : threads;
  }

  runnerFor(inputBytes: number): TaskRunner {
    const { threads, memoryBytes, timeZone, tempDirectory } = this.#settings;
    const slots = this.executorsFor(inputBytes);
    if (slots === 0) return this.#deps.home;
    this.#processes ??= new ProcessRunner(
      { ...this.#deps, output: passOn },
      { slots, threads: Math.max(threads, slots), memoryBytes, tempDirectory, timeZone },
    );
    return this.#processes;
  }

  /** Process ids of the executors there are now. */
  get pids(): readonly number[] {
    return this.#processes?.pids ?? [];
  }

  /** Ends the executors at once, whatever they work at. */
  async close(): Promise<void> {
    await this.#processes?.close();
  }
}
