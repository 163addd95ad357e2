/** What a session says of itself: the report, progress, and what its job's directory keeps. */
import type { Clock, Disk } from "@smallpond/base";
import type { TaskFailure } from "../execution/scheduler.ts";
import { environment } from "../platform/environment.ts";
import { thisMachine } from "../platform/machine.ts";
import { type ProgressMode, showProgress } from "../platform/progress-display.ts";
import { thisProcess } from "../platform/this-process.ts";
import type { JobDirectory } from "../storage/job-directory.ts";
import type { Owners } from "../storage/owner.ts";
import { type FailurePlace, failedTask } from "./failed-tasks.ts";
import { defaultDataRoot, type SessionSettings } from "./init-options.ts";
import { JobJournal } from "./job-journal.ts";
import { type Progress, progressOf, progressText } from "./progress.ts";
import { Recorder } from "./recorder.ts";
import { actionReport, type SessionReport } from "./report.ts";
import { timeline } from "./timeline.ts";

export interface RecordDeps {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly owners: Owners;
  readonly directory: JobDirectory;
  /** Every frame of the session, as a flowchart. */
  readonly graph: () => string;
}

/** How a job ends. */
export type Ending = "done" | "failed" | "interrupted";

export class SessionRecord {
  readonly recorder: Recorder;
  readonly #deps: RecordDeps;
  readonly #settings: SessionSettings;
  /** `DuckDB v1.5.5` */
  readonly #engine: string;
  readonly #startedMs: number;
  readonly #journal: JobJournal;
  #hideProgress: (() => void) | undefined;

  constructor(deps: RecordDeps, settings: SessionSettings, engine: string) {
    this.#deps = deps;
    this.#settings = settings;
    this.#engine = engine;
    this.#startedMs = deps.clock.wallMs();
    this.recorder = new Recorder(deps.clock);
    const { clock, disk, owners, directory, graph } = deps;
    const { jobId, jobName } = settings;
    this.#journal = new JobJournal(
      {
        clock,
        disk,
        files: directory.files,
        recorder: this.recorder,
        settings: () => ({ ...thisProcess(), engine, settings }),
        graph,
      },
      { jobId, jobName, startedMs: this.#startedMs, owner: owners.self },
    );
  }

  report(): SessionReport {
    const now = this.#deps.clock.wallMs();
    return {
      jobId: this.#settings.jobId,
      jobName: this.#settings.jobName,
      startedAt: new Date(this.#startedMs).toISOString(),
      engine: this.#engine,
      actions: this.recorder.actions.map((action) => actionReport(action, now)),
      failedTasks: this.#journal.failedTasks.map(({ id, step, rerun }) => ({
        id,
        step,
        rerun: "command" in rerun ? rerun.command : null,
      })),
    };
  }

  timeline(): ReturnType<typeof timeline> {
    return timeline(this.recorder.actions);
  }

  /** How far the newest running action is; null while none runs. */
  progress(): Progress | null {
    const action = this.recorder.running;
    return action === undefined ? null : progressOf(action, this.#deps.clock.wallMs());
  }

  /** Shows progress until it is hidden, in one way at a time. */
  showProgress(mode: ProgressMode): void {
    this.recorder.watched = true;
    this.hideProgress();
    const text = (width: number): string => {
      const progress = this.progress();
      return progress === null ? "" : progressText(progress, width);
    };
    this.#hideProgress = showProgress({ progressText: text }, mode);
  }

  hideProgress(): void {
    this.#hideProgress?.();
  }

  /** Writes down a task that failed for good, and keeps what it reads. */
  taskFailed(place: FailurePlace, failure: TaskFailure): void {
    if (this.recorder.closing) return;
    const { directory, clock } = this.#deps;
    const { jobId, dataRoot, timeZone } = this.#settings;
    const task = failedTask(failure, place, {
      jobId,
      dataRoot,
      staging: directory.files.staging,
      defaultRoot: defaultDataRoot(environment(), thisMachine()),
      settings: { timeZone, engine: this.#engine, directory: thisProcess().directory },
      nowMs: clock.wallMs(),
    });
    if (this.#journal.taskFailed(task)) directory.keep(task.staging);
  }

  /** How the job would end now. One failed action makes a failed job: what was asked for is not there. */
  get ending(): Ending {
    if (this.recorder.running !== undefined) return "interrupted";
    return this.#journal.failedActions > 0 ? "failed" : "done";
  }

  /** Writes how the job ended. Returns whether the job has anything to tell; if not, nothing is written. */
  async end(state: Ending): Promise<boolean> {
    const { started } = this.#journal;
    if (started) await this.#journal.end(state, this.#lastFiles());
    return started;
  }

  /** The job ended another way than was thought. */
  async amend(state: Ending): Promise<void> {
    await this.#journal.amend(state);
  }

  #lastFiles(): Record<string, string> {
    const { files } = this.#deps.directory;
    return {
      [files.report]: JSON.stringify(this.report(), null, 2),
      [files.timeline]: JSON.stringify(this.timeline()),
      [files.graph]: this.#deps.graph(),
    };
  }
}
