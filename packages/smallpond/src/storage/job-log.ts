/**
 * A job's log as it is written: lines wait in memory until they are flushed, and are cut off where nobody would read
 * on. A log is a help and not a result: a disk that does not take it never fails the job.
 */
import type { Disk, DiskFile } from "@smallpond/base";
import { olderLog } from "./job-files.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line. What does not apply is left out. */
export interface LogLine {
  /** ISO text in UTC. */
  readonly time: string;
  readonly level: LogLevel;
  /** `job-started`, `action-failed`, `task-finished`, … */
  readonly event: string;
  readonly job: string;
  readonly action?: string | undefined;
  readonly stage?: number | undefined;
  readonly task?: number | undefined;
  readonly attempt?: number | undefined;
  /** Process id of the executor. */
  readonly executor?: number | undefined;
  readonly tasks?: number | undefined;
  readonly rows?: number | undefined;
  readonly bytes?: number | undefined;
  readonly seconds?: number | undefined;
  readonly message?: string | undefined;
}

export interface LogSettings {
  /** Size at which a new file is begun. */
  readonly bytesMax: number;
  /** Files kept, the one that is written included. */
  readonly filesMax: number;
}

export const LOG_SETTINGS: LogSettings = { bytesMax: 16 * 1024 * 1024, filesMax: 5 };

/** Lines made into text in one go: more would hold up the scheduler. */
const LINES_AT_ONCE = 2_000;
/** Lines kept while the disk does not take them. */
const WAITING_MAX = 100_000;

export class JobLog {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #settings: LogSettings;
  #waiting: (() => LogLine)[] = [];
  #lost = 0;
  #open: { readonly file: DiskFile; position: number } | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(disk: Disk, path: string, settings: LogSettings = LOG_SETTINGS) {
    this.#disk = disk;
    this.#path = path;
    this.#settings = settings;
  }

  /** Costs next to nothing: the line is made when it is written. */
  add(line: () => LogLine): void {
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(line);
    else this.#lost++;
  }

  /** Writes what waits. Lines that cannot be written now are tried again with the next flush. */
  flush(): Promise<void> {
    this.#last = this.#last.then(() => this.#flush()).catch(() => {});
    return this.#last;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#open?.file.close().catch(() => {});
    this.#open = undefined;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) await this.#flushSome();
  }

  async #flushSome(): Promise<void> {
    const lines = this.#waiting.slice(0, LINES_AT_ONCE);
    this.#waiting = this.#waiting.slice(LINES_AT_ONCE);
    try {
      const bytes = new TextEncoder().encode(this.#text(lines));
      this.#open ??= await this.#reopen();
      await this.#open.file.writeAt(bytes, this.#open.position);
      this.#open.position += bytes.length;
    } catch (error) {
      this.#waiting = [...lines, ...this.#waiting].slice(0, WAITING_MAX);
      throw error;
    }
    this.#lost = 0;
    if (this.#open.position >= this.#settings.bytesMax) await this.#rotate();
  }

  #text(lines: readonly (() => LogLine)[]): string {
    const made = lines.map((line) => line());
    const { time, job } = made.at(-1)!;
    const message = `${this.#lost} lines were lost: the disk did not take them`;
    if (this.#lost > 0) made.push({ time, level: "warn", event: "log-lost", job, message });
    return `${made.map((line) => JSON.stringify(line)).join("\n")}\n`;
  }

  /** The file may be there from an earlier run of the same job; this one's lines come after it. */
  async #reopen(): Promise<{ readonly file: DiskFile; position: number }> {
    const file = await this.#disk.open(this.#path, { write: true, create: true });
    return { file, position: await file.size() };
  }

  async #rotate(): Promise<void> {
    await this.#open?.file.close();
    this.#open = undefined;
    const { filesMax } = this.#settings;
    await this.#disk.removeTree(olderLog(this.#path, filesMax - 1));
    for (let age = filesMax - 2; age >= 0; age--) {
      const from = olderLog(this.#path, age);
      if (await this.#disk.exists(from)) await this.#disk.rename({ from, to: olderLog(this.#path, age + 1) });
    }
  }
}
