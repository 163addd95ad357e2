/** Syncs of one file, shared: whoever asks while one runs waits for the next, together with all others who ask. */
import type { DiskFile } from "@smallpond/base";

export class FileSync {
  readonly #file: DiskFile;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #isDirty = false;

  constructor(file: DiskFile) {
    this.#file = file;
  }

  /** Whether anything was written since the last sync began. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** Something is written, or will be before the next turn. */
  touch(): void {
    this.#isDirty = true;
  }

  /** Durable: all that was written before the call. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    this.#isDirty = false;
    const running = this.#file.datasync().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
