/** The engine over Node's thread pool: works everywhere, and for large buffered transfers as fast as any. */
import * as fs from "node:fs";
import type { AllocateMode, Engine, EngineFile, EngineTransfer } from "../../disk/engine.ts";

export interface ThreadSettings {
  /** Operations with the thread pool at once; it runs four of them unless UV_THREADPOOL_SIZE says otherwise. */
  readonly depth: number;
  /** Operations that may wait behind those. */
  readonly waitingMax: number;
}

const ZEROS = new Uint8Array(64 * 1024);

export class ThreadEngine implements Engine {
  readonly kind = "threads";
  readonly #settings: ThreadSettings;
  #queue: EngineTransfer[] = [];
  #next = 0;
  #inFlight = 0;

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#queue.length - this.#next;
  }

  get hasRoom(): boolean {
    return this.waiting < this.#settings.waitingMax;
  }

  attach(fd: number, direct: boolean): EngineFile {
    return { fd, direct, handle: fd };
  }

  detach(): void {}

  transfer(operation: EngineTransfer): void {
    if (this.#inFlight < this.#settings.depth) this.#start(operation);
    else this.#queue.push(operation);
  }

  async sync({ fd }: EngineFile, dataOnly: boolean): Promise<number> {
    return await outcome((done) => (dataOnly ? fs.fdatasync(fd, done) : fs.fsync(fd, done)));
  }

  /** Node has no fallocate: a reservation only extends the file, and a hole is zeros that keep their space. */
  async allocate(file: EngineFile, mode: AllocateMode, position: number, bytes: number): Promise<number> {
    const size = await sizeOf(file.fd);
    if (size < 0) return size;
    if (mode === "reserve") {
      if (position + bytes <= size) return 0;
      return await outcome((done) => fs.ftruncate(file.fd, position + bytes, done));
    }
    const end = Math.min(position + bytes, size);
    for (let at = position; at < end; at += ZEROS.length) {
      const count = Math.min(ZEROS.length, end - at);
      const written = await outcome((done) => fs.write(file.fd, ZEROS, 0, count, at, done));
      if (written < 0) return written;
    }
    return 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #start({ kind, file, region, offset, length, position, done }: EngineTransfer): void {
    this.#inFlight++;
    const view = new Uint8Array(region.buffer, offset, length);
    const ended = (error: NodeJS.ErrnoException | null, bytes: number): void => {
      this.#inFlight--;
      done(error === null ? bytes : errnoOf(error));
      this.#startNext();
    };
    if (kind === "read") fs.read(file.fd, view, 0, length, position, ended);
    else fs.write(file.fd, view, 0, length, position, ended);
  }

  #startNext(): void {
    if (this.waiting === 0 || this.#inFlight >= this.#settings.depth) return;
    const operation = this.#queue[this.#next++]!;
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    this.#start(operation);
  }
}

function sizeOf(fd: number): Promise<number> {
  return new Promise((resolve) =>
    fs.fstat(fd, (error, stat) => resolve(error === null ? stat.size : errnoOf(error))),
  );
}

/** 0 or a negative error number. */
function outcome(call: (done: (error: NodeJS.ErrnoException | null) => void) => void): Promise<number> {
  return new Promise((resolve) => call((error) => resolve(error === null ? 0 : errnoOf(error))));
}

const EIO = -5;

function errnoOf(error: NodeJS.ErrnoException): number {
  return error.errno ?? EIO;
}
