/**
 * Writes what a session does into its job's directory while it runs: settings, log, status, failed tasks.
 *
 * Nothing is written before a stage runs or something fails. Then events stay in memory and a timer writes about once
 * a second, so that a kill loses that much and no task waits for a disk. What cannot be written is not: the job is
 * worth more than its log.
 */
import { type Clock, type Disk, isPondError, type Timer } from "@smallpond/base";
import type { ExecutionEvent } from "../execution/events.ts";
import { type FailedTask, writeFailedTask } from "../storage/failed-task.ts";
import type { JobFiles } from "../storage/job-files.ts";
import { JobLog, type LogLine } from "../storage/job-log.ts";
import type { JobCounters, JobState, JobStatus } from "../storage/job-status.ts";
import { writeJson } from "../storage/json-file.ts";
import type { Owner } from "../storage/owner.ts";
import { actionEndedLine, actionStartedLine, stageLine } from "./log-lines.ts";
import type { ActionRecorder, Recorder, RecorderListener } from "./recorder.ts";
import type { StageTotals } from "./stage-totals.ts";

export interface JournalDeps {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly recorder: Recorder;
  readonly files: JobFiles;
  /** What `config/settings.json` holds, and the graph; asked for when the first file is written. */
  readonly settings: () => object;
  readonly graph: () => string;
}

export interface JournalSettings {
  readonly jobId: string;
  readonly jobName: string;
  readonly startedMs: number;
  readonly owner: Owner;
}

const EVERY_MS = 1_000;
/** A job that is over before that is written down once, when it ends. */
const FIRST_MS = 100;
/** Reports of failed tasks kept for one job. */
const FAILED_TASKS_MAX = 100;

export class JobJournal implements RecorderListener {
  readonly #deps: JournalDeps;
  readonly #settings: JournalSettings;
  readonly #log: JobLog;
  readonly #failedTasks: FailedTask[] = [];
  readonly #counters: { -readonly [K in keyof JobCounters]: number } = { ...NOTHING };
  #action: ActionRecorder | undefined;
  #stage: StageTotals | undefined;
  #error: JobStatus["error"] = null;
  #changed = true;
  #opened = false;
  #timer: Timer | undefined;
  #work: Promise<void> | undefined;

  constructor(deps: JournalDeps, settings: JournalSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#log = new JobLog(deps.disk, deps.files.log);
    deps.recorder.listen(this);
  }

  /** Whether anything was written, or is about to be. */
  get started(): boolean {
    return this.#work !== undefined;
  }

  get failedActions(): number {
    return this.#counters.actionsFailed;
  }

  actionStarted(action: ActionRecorder): void {
    this.#counters.actions++;
    this.#action = action;
    this.#stage = undefined;
    this.#changed = true;
    if (this.started) this.#note(() => actionStartedLine(action));
  }

  stageEvent(action: ActionRecorder, stage: StageTotals, event: ExecutionEvent): void {
    this.#start();
    this.#action = action;
    this.#stage = stage;
    this.#changed = true;
    this.#count(event);
    // Made now: the figures of the newest task are those of another one a moment later.
    const line = stageLine(action, stage, event);
    this.#note(() => line, event.atMs);
  }

  actionEnded(action: ActionRecorder, error: unknown): void {
    if (action.outcome === "failed") {
      this.#counters.actionsFailed++;
      const code = isPondError(error) ? error.code : null;
      this.#error ??= { code, message: error instanceof Error ? error.message : String(error) };
      this.#start();
    }
    this.#changed = true;
    if (this.started) this.#note(() => actionEndedLine(action, error));
  }

  /** Keeps the report of a task that failed for good; the files it reads are the caller's to keep. */
  taskFailed(task: FailedTask): boolean {
    if (this.#failedTasks.length >= FAILED_TASKS_MAX) return false;
    this.#failedTasks.push(task);
    this.#changed = true;
    this.#start();
    const { disk, files } = this.#deps;
    this.#then(() => writeFailedTask(disk, files.failed, task));
    return true;
  }

  /** Tasks that failed for good, oldest first. */
  get failedTasks(): readonly FailedTask[] {
    return this.#failedTasks;
  }

  /** Writes what is still to be written and how the job ended. */
  async end(state: Exclude<JobState, "running">, files: Readonly<Record<string, string>>): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#note(() => ({ level: state === "done" ? "info" : "error", event: `job-${state}` }));
    this.#then(() => this.#open());
    const write = ([path, text]: [string, string]): Promise<void> => this.#deps.disk.writeFile(path, text);
    this.#then(async () => {
      await Promise.allSettled([...Object.entries(files).map(write), this.#log.close()]);
    });
    this.#then(() => this.#writeStatus(state));
    await this.#work;
  }

  /** What came after the end changes how the job ended: its script failed all the same. */
  async amend(state: Exclude<JobState, "running">): Promise<void> {
    if (this.started) this.#then(() => this.#writeStatus(state));
    await this.#work;
  }

  #start(): void {
    if (this.started) return;
    this.#work = Promise.resolve();
    const { jobName, startedMs } = this.#settings;
    this.#note(() => ({ level: "info", event: "job-started", message: jobName }), startedMs);
    const action = this.#action;
    if (action !== undefined) this.#note(() => actionStartedLine(action), action.startMs);
    this.#arm(FIRST_MS);
  }

  #arm(ms: number): void {
    this.#timer = this.#deps.clock
      .timer(ms, () => {
        this.#then(() => this.#open());
        this.#then(() => this.#log.flush());
        if (this.#changed) this.#then(() => this.#writeStatus("running"));
        this.#arm(EVERY_MS);
      })
      .unref();
  }

  /** Makes what the other files are put into, once. */
  async #open(): Promise<void> {
    if (this.#opened) return;
    const { disk, files, settings, graph } = this.#deps;
    for (const path of [files.settings, files.log]) {
      await disk.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    }
    await Promise.all([writeJson(disk, files.settings, settings()), disk.writeFile(files.graph, graph())]);
    this.#opened = true;
  }

  /** One write after another; none of them fails the job. */
  #then(write: () => Promise<void>): void {
    this.#work = (this.#work ?? Promise.resolve()).then(write).catch(() => {});
  }

  #note(line: () => Omit<LogLine, "time" | "job">, atMs: number = this.#deps.clock.wallMs()): void {
    const job = this.#settings.jobId;
    this.#log.add(() => ({ time: new Date(atMs).toISOString(), job, ...line() }));
  }

  #count(event: ExecutionEvent): void {
    const counters = this.#counters;
    switch (event.kind) {
      case "stage-started":
        counters.stages++;
        counters.tasks += event.tasks;
        return;
      case "stage-finished":
        counters.stagesDone++;
        return;
      case "task-started":
        return;
      case "task-finished":
        counters.tasksDone++;
        counters.rows += event.rows;
        counters.bytes += event.bytes;
        return;
      case "task-failed":
        counters.attemptsFailed++;
        return;
      default:
        event satisfies never;
    }
  }

  async #writeStatus(state: JobState): Promise<void> {
    this.#changed = false;
    await writeJson(this.#deps.disk, this.#deps.files.status, this.#status(state));
  }

  #status(state: JobState): JobStatus {
    const { jobId, jobName, startedMs, owner } = this.#settings;
    const now = new Date(this.#deps.clock.wallMs()).toISOString();
    const stage = this.#stage;
    return {
      jobId,
      jobName,
      state,
      startedAt: new Date(startedMs).toISOString(),
      updatedAt: now,
      endedAt: state === "running" ? null : now,
      host: owner.host,
      pid: owner.pid,
      action: this.#action?.name ?? null,
      stage:
        stage === undefined
          ? null
          : { id: stage.id, name: stage.name, tasks: stage.tasks, done: stage.tasksDone },
      counters: { ...this.#counters },
      failedTasks: this.#failedTasks.map((task) => task.id),
      error: this.#error,
    };
  }
}

const NOTHING: JobCounters = {
  actions: 0,
  actionsFailed: 0,
  stages: 0,
  stagesDone: 0,
  tasks: 0,
  tasksDone: 0,
  attemptsFailed: 0,
  rows: 0,
  bytes: 0,
};
