/**
 * A job's directory while it runs: `<data root>/<time>.<job>/`; `job-files.ts` says what is in it.
 *
 * Finished stages stay in `staging` until the session closes, because later actions read them; what a failed task
 * read stays longer, so that it can be run again. While a job runs, `<data root>/.running/<time>.<job>~<owner>` says
 * who runs it; the next job removes what dead ones left.
 */
import type { Disk, JobId } from "@smallpond/base";
import { failedTaskIds, readFailedTask } from "./failed-task.ts";
import { type JobFiles, jobFiles, timeName } from "./job-files.ts";
import { type Owners, ownerName, ownerOfName } from "./owner.ts";
import { isRemote } from "./remote/remote-path.ts";

export class JobDirectory {
  readonly path: string;
  readonly files: JobFiles;
  readonly #disk: Disk;
  readonly #owners: Owners;
  readonly #dataRoot: string;
  readonly #scratchRoot: string;
  readonly #name: string;
  readonly #needed = new Set<string>();
  #made: Promise<void> | undefined;
  #next = 0;

  constructor(
    { disk, owners }: { readonly disk: Disk; readonly owners: Owners },
    settings: {
      readonly dataRoot: string;
      /** On this machine; for what cannot be in a data root that is not. */
      readonly scratchRoot: string;
      readonly jobTimeMs: number;
      readonly jobId: JobId;
    },
  ) {
    this.#disk = disk;
    this.#owners = owners;
    this.#dataRoot = settings.dataRoot;
    this.#scratchRoot = settings.scratchRoot;
    this.#name = `${timeName(settings.jobTimeMs)}.${settings.jobId}`;
    this.path = `${settings.dataRoot}/${this.#name}`;
    this.files = this.#filesOf(this.#name);
  }

  get tempPath(): string {
    return this.files.temp;
  }

  /** Makes the directory; it may be there from an earlier run of the same job. */
  open(): Promise<void> {
    this.#made ??= this.#open();
    return this.#made;
  }

  async #open(): Promise<void> {
    await this.#disk.mkdir(this.#running, { recursive: true });
    await this.#removeDeadJobs();
    // An earlier run of the same job: its failures are history, and its directories would be taken for this run's.
    if (await this.#disk.exists(this.files.status)) {
      await this.#disk.removeTree(this.files.failed);
      await this.#disk.removeTree(this.files.staging);
    }
    await this.#disk.writeFile(this.#runningFile, "");
    await this.#disk.mkdir(this.tempPath, { recursive: true });
  }

  get #running(): string {
    return runningDirectory(this.#dataRoot);
  }

  get #runningFile(): string {
    return `${this.#running}/${this.#name}~${ownerName(this.#owners.self)}`;
  }

  /** A job that was killed keeps what it says about itself, what its failed tasks need, and nothing else. */
  async #removeDeadJobs(): Promise<void> {
    for (const { name } of await this.#disk.readdir(this.#running)) {
      const job = name.slice(0, name.indexOf("~"));
      const owner = ownerOfName(name.slice(job.length + 1));
      if (owner === undefined || this.#owners.isAlive(owner)) continue;
      const files = this.#filesOf(job);
      if (await this.#disk.exists(files.status)) await removeWork(this.#disk, files, { keepNeeded: true });
      else await this.#disk.removeTree(files.root);
      await this.#disk.removeTree(`${this.#running}/${name}`);
    }
  }

  #filesOf(job: string): JobFiles {
    const root = `${this.#dataRoot}/${job}`;
    return isRemote(root) ? jobFiles(root, `${this.#scratchRoot}/pond-jobs/${job}`) : jobFiles(root);
  }

  /** A new directory for the attempts of one stage. */
  async stage(name: string): Promise<string> {
    const stage = `${this.#next++}-${name.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 40)}`;
    const path = `${this.files.staging}/${stage}`;
    await this.#disk.removeTree(path);
    await this.#disk.mkdir(path, { recursive: true });
    return path;
  }

  /** Keeps these directories of `staging` when the job is over, and from `removeTree`. */
  keep(stages: readonly string[]): void {
    for (const stage of stages) this.#needed.add(stage);
  }

  async removeTree(path: string): Promise<void> {
    if (!this.#needed.has(path.slice(this.files.staging.length + 1))) await this.#disk.removeTree(path);
  }

  /** Removes what only the running job needed; the directory itself too, when it holds nothing for anybody. */
  async close(left: { readonly report: boolean; readonly work: boolean }): Promise<void> {
    if (left.report) await removeWork(this.#disk, this.files, { keepNeeded: left.work });
    else await this.#disk.removeTree(this.path);
    if (isRemote(this.path) && !left.work) await this.#disk.removeTree(parentOf(this.files.temp));
    await this.#disk.removeTree(this.#runningFile);
  }
}

/** Who runs which job now, as names of files. */
export function runningDirectory(dataRoot: string): string {
  return `${dataRoot}/.running`;
}

/** Removes intermediate files; what failed tasks need may stay. */
async function removeWork(
  disk: Disk,
  files: JobFiles,
  options: { readonly keepNeeded: boolean },
): Promise<void> {
  await disk.removeTree(files.temp);
  const needed = options.keepNeeded ? await neededStages(disk, files) : undefined;
  if (needed === undefined) await disk.removeTree(files.functions);
  if (needed === undefined || needed.size === 0) return await disk.removeTree(files.staging);
  if (!(await disk.exists(files.staging))) return;
  for (const { name } of await disk.readdir(files.staging)) {
    if (!needed.has(name)) await disk.removeTree(`${files.staging}/${name}`);
  }
}

/** Directories of `staging` that failed tasks read; undefined when no task failed. */
async function neededStages(disk: Disk, files: JobFiles): Promise<Set<string> | undefined> {
  const ids = await failedTaskIds(disk, files.failed);
  if (ids.length === 0) return undefined;
  const tasks = await Promise.all(ids.map((id) => readFailedTask(disk, files.failed, id)));
  return new Set(tasks.flatMap((task) => task.staging));
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
