/** A service's log as a file, of which the newest part is kept. */
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

export interface LogFile extends AsyncDisposable {
  /** At once; lines that the disk does not take are dropped, as nobody could be told. */
  readonly write: (line: string) => void;
  close(): Promise<void>;
}

/** Of one file; one that is full becomes `….1`, in place of the one before. */
const BYTES_MAX = 32 * 2 ** 20;
/** Not on the disk yet; further lines are dropped. */
const WAITING_BYTES_MAX = 4 * 2 ** 20;

export async function openLogFile(path: string): Promise<LogFile> {
  await mkdir(dirname(path), { recursive: true });
  const log = new RollingFile(path, await open(path, "a", 0o600));
  await log.measure();
  return {
    write: (line) => log.write(line),
    close: () => log.close(),
    [Symbol.asyncDispose]: () => log.close(),
  };
}

class RollingFile {
  readonly #path: string;
  #file: FileHandle;
  #bytes = 0;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  async measure(): Promise<void> {
    this.#bytes = (await this.#file.stat()).size;
  }

  write(line: string): void {
    if (this.#closed || this.#waitingBytes > WAITING_BYTES_MAX) return;
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    await this.#file.close().catch(() => {});
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const text = `${this.#waiting.splice(0).join("\n")}\n`;
      this.#waitingBytes = 0;
      try {
        if (this.#bytes > BYTES_MAX) await this.#roll();
        await this.#file.appendFile(text);
        this.#bytes += text.length;
      } catch {
        // A full disk must not stop a service.
      }
    }
  }

  async #roll(): Promise<void> {
    await rename(this.#path, `${this.#path}.1`);
    const full = this.#file;
    this.#file = await open(this.#path, "a", 0o600);
    this.#bytes = 0;
    await full.close();
  }
}
