/**
 * A job's directory: `<data root>/<time>.<job>/{staging,temp}` while it runs, `report.json` when it is over.
 *
 * Finished stages stay in `staging` until the session closes, because later actions read them.
 */
import type { Disk, JobId } from "@smallpond/base";

export class JobDirectory {
  readonly path: string;
  readonly #disk: Disk;
  #made: Promise<void> | undefined;
  #next = 0;

  constructor(
    disk: Disk,
    settings: { readonly dataRoot: string; readonly jobTimeMs: number; readonly jobId: JobId },
  ) {
    this.#disk = disk;
    this.path = `${settings.dataRoot}/${timeName(settings.jobTimeMs)}.${settings.jobId}`;
  }

  get tempPath(): string {
    return `${this.path}/temp`;
  }

  get reportPath(): string {
    return `${this.path}/report.json`;
  }

  /** Makes the directory; it may be there from an earlier run of the same job. */
  open(): Promise<void> {
    this.#made ??= this.#disk.mkdir(this.tempPath, { recursive: true });
    return this.#made;
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
    await this.#disk.removeTree(`${this.path}/staging`);
    await this.#disk.removeTree(this.tempPath);
    if (report === null) await this.#disk.removeTree(this.path);
    else await this.#disk.writeFile(this.reportPath, report);
  }
}

/** `2026-11-22-08-30-05` in UTC: sorts by time, and is a file name everywhere. */
function timeName(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/[T:]/g, "-");
}
