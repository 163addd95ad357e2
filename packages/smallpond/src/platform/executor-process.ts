/** One executor process as its parent sees it: start, give it a task, interrupt it, end it. */
import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { assert, type Clock, errorFromJson, PondError } from "@smallpond/base";
import { watchMemory } from "../execution/memory-watch.ts";
import type { Permits } from "../execution/rate-limiter.ts";
import type { Task, TaskLimits, TaskResult } from "../execution/task.ts";
import { withOutput } from "../execution/task-output.ts";
import type { OutputStream } from "./console-output.ts";
import type { ExecutorSettings, FromExecutor, ToExecutor } from "./messages.ts";
import { residentBytesOf } from "./resident-bytes.ts";

/** How long an interrupted query may take to end before its process is killed. */
const INTERRUPT_GRACE_MS = 2_000;
/** How long functions may take to give up what they hold before their process is killed. */
const CLOSE_GRACE_MS = 5_000;
/** Tasks after which a process is replaced, so that what leaks in an engine stays small. */
const TASKS_MAX = 1_000;
/** How long to wait for the end of a dead process's output. */
const DRAIN_MS = 100;
/** Output of a task kept for the message when its process dies, and for the report when it fails. */
const OUTPUT_LENGTH_MAX = 8_192;
/** DuckDB's part of a process's memory: its limit is soft, and reading and writing happen beside it. */
const ENGINE_SHARE = 0.5;

interface Current {
  readonly id: number;
  readonly resolve: (result: Omit<TaskResult, "peakMemoryBytes">) => void;
  readonly reject: (error: unknown) => void;
}

export interface ExecutorDeps {
  readonly clock: Clock;
  /** When functions may be called, in all executors together. */
  readonly permits: Permits;
  /** Told what the process prints, as it comes. */
  readonly output: (stream: OutputStream, bytes: Uint8Array) => void;
}

export class ExecutorProcess {
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #printed = "";
  #current: Current | undefined;
  #tasks = 0;
  #ended: string | undefined;
  #spent = false;
  #callsFunctions = false;
  readonly #permits: Permits;
  readonly #gone = new AbortController();
  #onClosed: () => void = () => {};

  private constructor({ clock, permits, output }: ExecutorDeps, child: ChildProcess) {
    this.#clock = clock;
    this.#permits = permits;
    this.#child = child;
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]?.on("data", (bytes: Buffer) => {
        this.#printed = (this.#printed + bytes.toString()).slice(-OUTPUT_LENGTH_MAX);
        output(stream, bytes);
      });
    }
    this.#ready = new Promise((resolve, reject) => {
      child.on("message", (message: FromExecutor) => {
        if (message.kind === "ready") resolve();
        else this.#receive(message);
      });
      child.on("error", (error) => {
        this.#end(`could not be started: ${error.message}`);
        reject(this.#lost());
      });
      child.on("exit", (code, signal) => {
        this.#end(signal === null ? `exited with ${code}` : `was ended by ${signal}`);
        reject(this.#lost());
      });
    });
    this.#ready.catch(() => {});
  }

  static start(deps: ExecutorDeps, settings: ExecutorSettings): ExecutorProcess {
    const child = fork(entryFile(), [JSON.stringify(settings)], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      serialization: "json",
      // Buffers that come out of vectors make V8 collect all the time: in steps that costs twice as much as at once, and
      // nobody waits for a process like this one between two steps.
      execArgv: ["--enable-source-maps", "--no-incremental-marking"],
      // Ctrl-C in a terminal goes to the whole group: the parent decides what happens to its executors.
      detached: true,
    });
    return new ExecutorProcess(deps, child);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it can take another task. */
  get usable(): boolean {
    return this.#ended === undefined && !this.#spent && this.#tasks < TASKS_MAX;
  }

  /** Runs one task at a time. After an abort or a failure of the engine the process is not used again. */
  async run(
    task: Task,
    settings: { readonly limits: TaskLimits; readonly label: string; readonly signal: AbortSignal },
  ): Promise<TaskResult> {
    assert(this.#current === undefined, "an executor runs one task at a time");
    settings.signal.throwIfAborted();
    this.#hold(true);
    try {
      return await this.#run(task, settings);
    } finally {
      this.#hold(false);
    }
  }

  async #run(
    task: Task,
    settings: { readonly limits: TaskLimits; readonly label: string; readonly signal: AbortSignal },
  ): Promise<TaskResult> {
    await this.#ready;
    settings.signal.throwIfAborted();
    const { label, limits } = settings;
    using watch = watchMemory(
      { clock: this.#clock, residentBytes: () => residentBytesOf(this.#child.pid) },
      { limitBytes: limits.memoryBytes, label, signal: settings.signal },
    );
    const result = await this.#request(task, limits, watch.signal);
    const { pid } = this;
    return { ...result, peakMemoryBytes: watch.peakBytes(), ...(pid === undefined ? {} : { executor: pid }) };
  }

  /** An idle executor does not keep the session's process from ending. */
  #hold(on: boolean): void {
    const { channel, stdout, stderr } = this.#child;
    const handles = [this.#child, channel, stdout as Socket | null, stderr as Socket | null];
    for (const handle of handles) {
      if (on) handle?.ref();
      else handle?.unref();
    }
  }

  /** Ends an idle process in order: functions give up what they hold first, which takes seconds at most. */
  async close(): Promise<void> {
    if (this.#callsFunctions && this.#ended === undefined && this.#current === undefined) {
      this.#spent = true;
      this.#hold(true);
      await new Promise<void>((resolve) => {
        const timer = this.#clock.timer(CLOSE_GRACE_MS, resolve);
        this.#onClosed = (): void => {
          timer.cancel();
          resolve();
        };
        this.#send({ kind: "close" });
      });
    }
    await this.kill();
  }

  /** Ends the process at once, whatever it does. */
  async kill(): Promise<void> {
    this.#spent = true;
    if (this.#ended !== undefined) return;
    const gone = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    const drained = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    // Whoever waits for the end of an idle executor must live to see it.
    this.#hold(true);
    this.#child.kill("SIGKILL");
    await gone;
    // What it printed last is still on its way; a process it left behind may hold the pipes open for ever.
    await Promise.race([drained, this.#clock.sleep(DRAIN_MS)]);
  }

  async #request(
    task: Task,
    limits: TaskLimits,
    signal: AbortSignal,
  ): Promise<Omit<TaskResult, "peakMemoryBytes">> {
    const id = this.#tasks++;
    this.#callsFunctions ||= task.kind === "function";
    const answer = new Promise<Omit<TaskResult, "peakMemoryBytes">>((resolve, reject) => {
      this.#current = { id, resolve, reject };
    });
    const onAbort = (): void => this.#interrupt(id);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const memoryBytes = Math.floor(limits.memoryBytes * ENGINE_SHARE);
      this.#send({ kind: "run", id, task, threads: limits.threads, memoryBytes });
      if (signal.aborted) onAbort();
      return await answer;
    } catch (error) {
      // An engine that ran out of memory or was interrupted is not trusted with another task.
      this.#spent = true;
      throw withOutput(signal.aborted ? signal.reason : error, this.#printed);
    } finally {
      this.#current = undefined;
      this.#printed = "";
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** First asks; a query that does not listen is ended with its process. */
  #interrupt(id: number): void {
    this.#spent = true;
    this.#send({ kind: "interrupt", id });
    this.#clock
      .timer(INTERRUPT_GRACE_MS, () => {
        if (this.#current?.id === id) this.#child.kill("SIGKILL");
      })
      .unref();
  }

  #receive(message: Exclude<FromExecutor, { kind: "ready" }>): void {
    if (message.kind === "permit") void this.#permit(message);
    else if (message.kind === "closed") this.#onClosed();
    else this.#settle(message);
  }

  async #permit({ request, key, ratePerSecond }: Extract<FromExecutor, { kind: "permit" }>): Promise<void> {
    try {
      await this.#permits.take(key, ratePerSecond, this.#gone.signal);
      this.#send({ kind: "permit", request });
    } catch {
      // The process is gone, and with it whoever asked.
    }
  }

  #settle(message: Extract<FromExecutor, { kind: "done" | "failed" }>): void {
    if (this.#current?.id !== message.id) return;
    if (message.kind === "done") this.#current.resolve(message.result);
    else this.#current.reject(errorFromJson(message.error));
  }

  #end(how: string): void {
    this.#ended ??= how;
    this.#gone.abort(this.#lost());
    this.#onClosed();
    this.#current?.reject(this.#lost());
  }

  #lost(): PondError {
    const output = this.#printed.trim();
    return new PondError("EXECUTOR_LOST", {
      kind: "retry",
      message: `executor process ${this.#child.pid ?? "?"} ${this.#ended}${output === "" ? "" : `:\n${output}`}`,
      details: { pid: this.#child.pid ?? null },
    });
  }

  #send(message: ToExecutor): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}

/** Built code runs as it is; from sources (tests) the built entry beside them is used. */
function entryFile(): string {
  const here = fileURLToPath(new URL("./executor-main.js", import.meta.url));
  const built = here.replace(/\/src\/platform\/executor-main\.js$/, "/dist/platform/executor-main.js");
  if (!existsSync(built)) {
    throw new PondError("NOT_BUILT", {
      kind: "unavailable",
      message: `there is no ${built}`,
      hint: "run npm run build",
    });
  }
  return built;
}
