/** The jobs of a data root, as those see them who look from outside: which there are, how they stand, what they hold. */
import { type Clock, type Disk, isPondError, PondError } from "@smallpond/base";
import { type FailedTask, failedTaskIds, readFailedTask } from "../storage/failed-task.ts";
import { runningDirectory } from "../storage/job-directory.ts";
import { type JobFiles, jobFiles, parseJobName } from "../storage/job-files.ts";
import { type JobState, type JobStatus, readStatus } from "../storage/job-status.ts";
import { type Owner, type Owners, ownerOfName } from "../storage/owner.ts";
import { treeBytes } from "./tree-bytes.ts";

/** `died`: it says that it runs, and its process is gone. */
export type SeenState = JobState | "died";

export interface JobSummary {
  readonly id: string;
  /** Empty for a job that has not staged anything yet. */
  readonly name: string;
  readonly state: SeenState;
  /** ISO text in UTC. */
  readonly startedAt: string;
  /** Until its end, until now, or until it was last heard of. */
  readonly seconds: number;
  readonly directory: string;
  /** What it last said of itself. */
  readonly status: JobStatus | null;
  /** Its process, while it is there. */
  readonly owner: Owner | null;
}

/** Bytes that a job's directory holds. */
export interface JobBytes {
  /** Intermediate files: of a running job, or what failed tasks need to be run again. */
  readonly staging: number;
  readonly total: number;
}

export interface JobsDeps {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly owners: Owners;
}

/** Directories looked at together. */
const AT_ONCE = 32;

export class Jobs {
  readonly dataRoot: string;
  readonly #deps: JobsDeps;

  constructor(deps: JobsDeps, settings: { readonly dataRoot: string }) {
    this.#deps = deps;
    this.dataRoot = settings.dataRoot;
  }

  /** All jobs, newest first. None when there is no data root yet. */
  async list(): Promise<JobSummary[]> {
    const owners = await this.#liveOwners();
    const names = (await this.#names(this.dataRoot)).filter((name) => parseJobName(name) !== undefined);
    const jobs: JobSummary[] = [];
    for (let start = 0; start < names.length; start += AT_ONCE) {
      const some = names.slice(start, start + AT_ONCE);
      jobs.push(...(await Promise.all(some.map((name) => this.#summary(name, owners.get(name) ?? null)))));
    }
    return jobs.sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
  }

  /**
   * The job with that id, the only one whose id begins so, or the `last` one.
   *
   * @throws JOB_NOT_FOUND, JOB_AMBIGUOUS
   */
  async find(reference: string): Promise<JobSummary> {
    const jobs = await this.list();
    const found = reference === "last" ? jobs.slice(0, 1) : jobs.filter(({ id }) => id.startsWith(reference));
    // Runs of one job have one id: the newest is meant.
    const ids = new Set(found.map((job) => job.id));
    if (reference === "" || found.length === 0) throw this.#notFound(reference, jobs);
    if (ids.size > 1) throw ambiguous(reference, [...ids]);
    return found[0]!;
  }

  /** How a job stands now. */
  async again(job: JobSummary): Promise<JobSummary> {
    const name = job.directory.slice(this.dataRoot.length + 1);
    return await this.#summary(name, (await this.#liveOwners()).get(name) ?? null);
  }

  files(job: JobSummary): JobFiles {
    return jobFiles(job.directory);
  }

  async bytes(job: JobSummary): Promise<JobBytes> {
    const { disk } = this.#deps;
    const { root, staging } = this.files(job);
    return { staging: await treeBytes(disk, staging), total: await treeBytes(disk, root) };
  }

  /** Tasks that failed for good. */
  async failedTasks(job: JobSummary): Promise<FailedTask[]> {
    const { disk } = this.#deps;
    const { failed } = this.files(job);
    const ids = await failedTaskIds(disk, failed);
    return await Promise.all(ids.map((id) => readFailedTask(disk, failed, id)));
  }

  /** @throws TASK_NOT_FOUND */
  async failedTask(job: JobSummary, id: string): Promise<FailedTask> {
    return await readFailedTask(this.#deps.disk, this.files(job).failed, id);
  }

  /** @throws JOB_RUNNING */
  async remove(job: JobSummary): Promise<void> {
    if (job.state === "running") throw running(job);
    await this.#deps.disk.removeTree(job.directory);
  }

  async #summary(name: string, owner: Owner | null): Promise<JobSummary> {
    const { clock, disk } = this.#deps;
    const { startedMs, jobId } = parseJobName(name)!;
    const directory = `${this.dataRoot}/${name}`;
    const status = (await readStatus(disk, jobFiles(directory).status)) ?? null;
    const state = stateOf(status, owner);
    const startedAt = status?.startedAt ?? new Date(startedMs).toISOString();
    const until = state === "running" ? clock.wallMs() : Date.parse(status?.updatedAt ?? startedAt);
    return {
      id: jobId,
      name: status?.jobName ?? "",
      state,
      startedAt,
      seconds: Math.max(0, Math.round(until - Date.parse(startedAt)) / 1000),
      directory,
      status,
      owner,
    };
  }

  async #liveOwners(): Promise<Map<string, Owner>> {
    const live = new Map<string, Owner>();
    for (const name of await this.#names(runningDirectory(this.dataRoot))) {
      const job = name.slice(0, name.indexOf("~"));
      const owner = ownerOfName(name.slice(job.length + 1));
      if (owner !== undefined && this.#deps.owners.isAlive(owner)) live.set(job, owner);
    }
    return live;
  }

  async #names(directory: string): Promise<string[]> {
    try {
      return (await this.#deps.disk.readdir(directory)).map((entry) => entry.name);
    } catch (error) {
      if (isPondError(error, "ENOENT")) return [];
      throw error;
    }
  }

  #notFound(reference: string, jobs: readonly JobSummary[]): PondError {
    return new PondError("JOB_NOT_FOUND", {
      kind: "invalid",
      message:
        jobs.length === 0 ? `there is no job in ${this.dataRoot}` : `no job's id begins with ${reference}`,
      details: { reference, dataRoot: this.dataRoot },
      hint:
        jobs.length === 0
          ? "jobs that stage nothing leave nothing; --data-root looks elsewhere"
          : `pond job ls shows those in ${this.dataRoot}; --data-root looks elsewhere`,
    });
  }
}

function stateOf(status: JobStatus | null, owner: Owner | null): SeenState {
  if (status === null) return owner === null ? "died" : "running";
  return status.state === "running" && owner === null ? "died" : status.state;
}

function ambiguous(reference: string, ids: readonly string[]): PondError {
  return new PondError("JOB_AMBIGUOUS", {
    kind: "invalid",
    message: `the ids of ${ids.length} jobs begin with ${reference}`,
    details: { reference, ids },
    hint: `give more of it: ${ids
      .slice(0, 5)
      .map((id) => id.slice(0, reference.length + 4))
      .join(", ")}`,
  });
}

function running(job: JobSummary): PondError {
  return new PondError("JOB_RUNNING", {
    kind: "conflict",
    message: `job ${job.id} is running`,
    details: { jobId: job.id },
    hint: `pond job stop ${job.id.slice(0, 8)} ends it`,
  });
}
