/** One direction of a connection in memory: a bounded buffer with a writer at one end and a reader at the other. */
import { concatBytes } from "../bytes.ts";
import type { NetErrorCode } from "../net.ts";

interface PendingWrite {
  readonly bytes: Uint8Array;
  offset: number;
  readonly resolve: () => void;
  readonly reject: (code: NetErrorCode) => void;
}

/** Failures are rejected as bare codes; the connection, which knows its names, makes errors of them. */
export class MemoryPipe {
  readonly #bufferedBytesMax: number;
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  #writes: PendingWrite[] = [];
  #ended = false;
  #readFailure: NetErrorCode | undefined;
  #writeFailure: NetErrorCode | undefined;
  #wake: (() => void) | undefined;

  constructor(settings: { readonly bufferedBytesMax: number }) {
    this.#bufferedBytesMax = settings.bufferedBytesMax;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Resolves once all bytes are in the buffer; writes take turns in order. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#writeFailure !== undefined) return reject(this.#writeFailure);
      this.#writes.push({ bytes, offset: 0, resolve, reject });
      this.#fill();
    });
  }

  /** No more writes come; those waiting still go through. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** What arrived since the last call, waiting for some; nothing at the end. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#readFailure !== undefined) throw this.#readFailure;
      if (this.#bufferedBytes > 0) return this.#drain();
      if (this.#ended && this.#writes.length === 0) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The writer's side went away: waiting writes fail with `code`, what is buffered can still be read. */
  closeWriter(code: NetErrorCode): void {
    this.#failWrites(code);
    this.end();
  }

  /** The reader's side went away: buffered bytes are dropped, and writes fail from now on. */
  closeReader(options: { readonly reader: NetErrorCode; readonly writer: NetErrorCode }): void {
    this.#readFailure ??= options.reader;
    this.#chunks = [];
    this.#bufferedBytes = 0;
    this.#failWrites(options.writer);
    this.#wake?.();
  }

  #failWrites(code: NetErrorCode): void {
    this.#writeFailure ??= code;
    const waiting = this.#writes;
    this.#writes = [];
    for (const write of waiting) write.reject(this.#writeFailure);
  }

  #fill(): void {
    for (let write = this.#writes[0]; write !== undefined; write = this.#writes[0]) {
      const room = this.#bufferedBytesMax - this.#bufferedBytes;
      const part = write.bytes.slice(write.offset, write.offset + room);
      write.offset += part.length;
      this.#bufferedBytes += part.length;
      if (part.length > 0) this.#chunks.push(part);
      if (write.offset < write.bytes.length) break;
      this.#writes.shift();
      write.resolve();
    }
    this.#wake?.();
  }

  #drain(): Uint8Array {
    const bytes = concatBytes(this.#chunks);
    this.#chunks = [];
    this.#bufferedBytes = 0;
    this.#fill();
    return bytes;
  }
}
