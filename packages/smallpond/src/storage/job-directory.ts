/**
 * A job's directory: `<data root>/<time>.<job>/{staging,temp}` while it runs, `report.json` when it is over.
 *
 * Finished stages stay in `staging` until the session closes, because later actions read them. While a job runs,
 * `<data root>/.running/<time>.<job>~<owner>` says who runs it; the next job removes what dead ones left.
 */
import type { Disk, JobId } from "@smallpond/base";
import { type Owners, ownerName, ownerOfName } from "./owner.ts";

export class JobDirectory {
  readonly path: string;
  readonly #disk: Disk;
  readonly #owners: Owners;
  readonly #dataRoot: string;
  readonly #name: string;
  #made: Promise<void> | undefined;
  #next = 0;

  constructor(
    { disk, owners }: { readonly disk: Disk; readonly owners: Owners },
    settings: { readonly dataRoot: string; readonly jobTimeMs: number; readonly jobId: JobId },
  ) {
    this.#disk = disk;
    this.#owners = owners;
    this.#dataRoot = settings.dataRoot;
    this.#name = `${timeName(settings.jobTimeMs)}.${settings.jobId}`;
    this.path = `${settings.dataRoot}/${this.#name}`;
  }

  get tempPath(): string {
    return `${this.path}/temp`;
  }

  get reportPath(): string {
    return `${this.path}/report.json`;
  }

  /** Makes the directory; it may be there from an earlier run of the same job. */
  open(): Promise<void> {
    this.#made ??= this.#open();
    return this.#made;
  }

  async #open(): Promise<void> {
    await this.#disk.mkdir(this.#running, { recursive: true });
    await this.#removeDeadJobs();
    await this.#disk.writeFile(this.#runningFile, "");
    await this.#disk.mkdir(this.tempPath, { recursive: true });
  }

  get #running(): string {
    return `${this.#dataRoot}/.running`;
  }

  get #runningFile(): string {
    return `${this.#running}/${this.#name}~${ownerName(this.#owners.self)}`;
  }

  /** A job that was killed keeps what it finished for people, its report if it has one, and nothing else. */
  async #removeDeadJobs(): Promise<void> {
    for (const { name } of await this.#disk.readdir(this.#running)) {
      const job = name.slice(0, name.indexOf("~"));
      const owner = ownerOfName(name.slice(job.length + 1));
      if (owner === undefined || this.#owners.isAlive(owner)) continue;
      const path = `${this.#dataRoot}/${job}`;
      await this.#removeWork(path, await this.#disk.exists(`${path}/report.json`));
      await this.#disk.removeTree(`${this.#running}/${name}`);
    }
  }

  async #removeWork(path: string, keep: boolean): Promise<void> {
    if (!keep) return await this.#disk.removeTree(path);
    await this.#disk.removeTree(`${path}/staging`);
    await this.#disk.removeTree(`${path}/temp`);
  }

  /** A new directory for the attempts of one stage. */
  async stage(name: string): Promise<string> {
    const path = `${this.path}/staging/${this.#next++}-${name.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 40)}`;
    await this.#disk.removeTree(path);
    await this.#disk.mkdir(path, { recursive: true });
    return path;
  }

  async removeTree(path: string): Promise<void> {
    await this.#disk.removeTree(path);
  }

  /** Removes what only the running job needed; the directory itself too, when nothing is worth keeping. */
  async close(report: string | null): Promise<void> {
    await this.#removeWork(this.path, report !== null);
    if (report !== null) await this.#disk.writeFile(this.reportPath, report);
    await this.#disk.removeTree(this.#runningFile);
  }
}

/** `2026-11-22-08-30-05` in UTC: sorts by time, and is a file name everywhere. */
function timeName(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/[T:]/g, "-");
}
