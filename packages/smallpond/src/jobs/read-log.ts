/** A job's log, from its oldest line on, and further while the job writes it. */
import { type Clock, type Disk, type DiskFile, isPondError } from "@smallpond/base";
import { olderLog } from "../storage/job-files.ts";
import { LOG_LEVELS, LOG_SETTINGS, type LogLevel, type LogLine } from "../storage/job-log.ts";

export interface ReadLogOptions {
  /** Leaves out lines below it. All when not given. */
  readonly level?: LogLevel;
  /** Asked when the end is reached: whether more is to come. */
  readonly goesOn?: () => Promise<boolean>;
  readonly signal?: AbortSignal;
}

const LOOK_MS = 250;
const PIECE_BYTES = 1024 * 1024;

/** Batches of lines. Waits at the end while `goesOn` says so. An abort ends it like the end of the log. */
export async function* readLog(
  { clock, disk }: { readonly clock: Clock; readonly disk: Disk },
  path: string,
  options: ReadLogOptions = {},
): AsyncGenerator<LogLine[], void, undefined> {
  for (let age = LOG_SETTINGS.filesMax - 1; age > 0; age--) {
    await using file = await LogFile.open(disk, olderLog(path, age));
    yield* file.batches(options.level);
  }
  for (let goesOn = true; goesOn; ) {
    await using file = await LogFile.open(disk, path);
    // A log that is begun anew is another file; what this one still got before that is read to its end.
    for (let same = true; same && goesOn; ) {
      goesOn = (await options.goesOn?.()) ?? false;
      same = await file.isAt(path);
      yield* file.batches(options.level);
      if (goesOn && same) goesOn = await pause(clock, options.signal);
    }
  }
}

/** False when there is nobody left to wait for. */
async function pause(clock: Clock, signal: AbortSignal | undefined): Promise<boolean> {
  await clock.sleep(LOOK_MS, { signal }).catch(() => {});
  return signal?.aborted !== true;
}

/** A file of the log, which may not be there yet. */
class LogFile implements AsyncDisposable {
  readonly #disk: Disk;
  readonly #file: DiskFile | undefined;
  readonly #inode: bigint | undefined;
  #position = 0;

  private constructor(disk: Disk, file: DiskFile | undefined, inode: bigint | undefined) {
    this.#disk = disk;
    this.#file = file;
    this.#inode = inode;
  }

  static async open(disk: Disk, path: string): Promise<LogFile> {
    const inode = await inodeOf(disk, path);
    if (inode === undefined) return new LogFile(disk, undefined, undefined);
    return new LogFile(disk, await disk.open(path, { read: true }), inode);
  }

  async isAt(path: string): Promise<boolean> {
    return (await inodeOf(this.#disk, path)) === this.#inode;
  }

  /** The lines that are whole by now. */
  async *batches(level: LogLevel | undefined): AsyncGenerator<LogLine[], void, undefined> {
    if (this.#file === undefined) return;
    const buffer = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const count = await this.#file.readAt(buffer, this.#position);
      const end = buffer.subarray(0, count).lastIndexOf(0x0a) + 1;
      if (end === 0) return;
      this.#position += end;
      const lines = new TextDecoder().decode(buffer.subarray(0, end)).split("\n");
      const wanted = lines.flatMap((line) => parsed(line, level));
      if (wanted.length > 0) yield wanted;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}

/** A line that was cut short by a crash is left out. */
function parsed(text: string, level: LogLevel | undefined): LogLine[] {
  if (text === "") return [];
  try {
    const line = JSON.parse(text) as LogLine;
    return level === undefined || LOG_LEVELS.indexOf(line.level) >= LOG_LEVELS.indexOf(level) ? [line] : [];
  } catch {
    return [];
  }
}

async function inodeOf(disk: Disk, path: string): Promise<bigint | undefined> {
  try {
    return (await disk.stat(path)).inode;
  } catch (error) {
    if (isPondError(error, "ENOENT") || isPondError(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
