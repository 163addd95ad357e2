/** A leased connection over another connection. */
import {
  assert,
  type Connection,
  concatBytes,
  isPondError,
  type NetErrorDetails,
  netError,
  type SignalOptions,
} from "@smallpond/base";
import type { BufferLease, LeasePart } from "../memory/lease.ts";
import type { LeasedConnection, Piece } from "./leased-net.ts";
import { assertHeld, viewOf, viewsOf } from "./pieces.ts";
import { ReceiveBuffer } from "./receive-buffer.ts";
import type { LeasedNetSettings } from "./settings.ts";

export class PortableConnection implements LeasedConnection {
  readonly #connection: Connection;
  readonly #settings: LeasedNetSettings;
  readonly #buffer: ReceiveBuffer;
  readonly #chunks: AsyncIterator<Uint8Array>;
  /** Asked for, and given up by whoever asked. */
  #next: Promise<IteratorResult<Uint8Array>> | undefined;
  /** Received, with no room in the buffer yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #hasEnded = false;
  /** Why reading failed. */
  #failure: unknown;
  #isReading = false;
  #isIterated = false;
  #isClosed = false;
  #unsentBytes = 0;

  constructor(connection: Connection, settings: LeasedNetSettings) {
    this.#connection = connection;
    this.#settings = settings;
    this.#buffer = new ReceiveBuffer(settings.receiveBytes);
    this.#chunks = connection[Symbol.asyncIterator]();
  }

  get remote(): string {
    return this.#connection.remote;
  }

  get receivedView(): Uint8Array {
    return this.#buffer.view;
  }

  /** Node has no call for it. */
  mark(): void {}

  fill(bytes: number, options: SignalOptions = {}): Promise<boolean> {
    const { capacity } = this.#buffer;
    assert(bytes <= capacity, `at most ${capacity} bytes are received before they are consumed`);
    return this.#alone(options, async () => {
      this.#keep();
      while (this.#buffer.length < bytes && (await this.#more(options))) this.#keep();
      return this.#buffer.length >= bytes;
    });
  }

  consume(bytes: number): void {
    this.#buffer.consume(bytes);
  }

  async readInto(memory: BufferLease | LeasePart, options: SignalOptions = {}): Promise<void> {
    const target = viewOf(memory);
    options.signal?.throwIfAborted();
    try {
      await this.#alone(options, async () => {
        let filled = this.#buffer.moveTo(target);
        for (;;) {
          filled += this.#moveRest(target.subarray(filled));
          if (filled === target.length) return;
          if (!(await this.#more(options))) throw netError("ECONNRESET", this.#details("read from"));
        }
      });
    } catch (error) {
      if (options.signal?.aborted) await this.close();
      throw error;
    } finally {
      assertHeld([memory]);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    assert(!this.#isIterated, "a connection is iterated once");
    this.#isIterated = true;
    try {
      for (;;) {
        const chunk = await this.#alone({}, async () => {
          if (this.#buffer.length + this.#rest.length === 0) await this.#more({});
          const kept = concatBytes([this.#buffer.view, this.#rest]);
          this.#buffer.consume(this.#buffer.length);
          this.#rest = this.#rest.subarray(this.#rest.length);
          return kept;
        });
        if (chunk.length > 0) yield chunk;
        else if (this.#hasEnded) return;
      }
    } finally {
      if (!this.#hasEnded) await this.close();
    }
  }

  write(bytes: Uint8Array, options: SignalOptions = {}): Promise<void> {
    return this.writeFrom([bytes], options);
  }

  async writeFrom(pieces: readonly Piece[], options: SignalOptions = {}): Promise<void> {
    const views = viewsOf(pieces);
    const bytes = views.reduce((sum, view) => sum + view.length, 0);
    const { unsentBytesMax } = this.#settings;
    if (this.#unsentBytes > 0 && this.#unsentBytes + bytes > unsentBytesMax) {
      throw netError("EQUEUEFULL", this.#details("write to"));
    }
    this.#unsentBytes += bytes;
    try {
      // Together they may be more than the connection below takes of several; of one it takes any size.
      const whole = views.length === 0 || bytes > unsentBytesMax ? [concatBytes(views)] : views;
      const written = whole.map((view) => this.#connection.write(view, options));
      const outcomes = await Promise.allSettled(written);
      for (const outcome of outcomes)
        if (outcome.status === "rejected") throw this.#writeError(outcome.reason);
    } finally {
      this.#unsentBytes -= bytes;
      assertHeld(pieces);
    }
  }

  end(): Promise<void> {
    return this.#connection.end();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #alone<T>({ signal }: SignalOptions, read: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw netError("ECLOSED", this.#details("read from"));
    assert(!this.#isReading, "one read of a connection waits at a time");
    this.#isReading = true;
    try {
      return await read();
    } finally {
      this.#isReading = false;
    }
  }

  /** Puts as much of what was received into the buffer as there is room for. */
  #keep(): void {
    if (this.#rest.length === 0 || !this.#buffer.hasRoom) return;
    this.#buffer.added(this.#moveRest(this.#buffer.room()));
  }

  #moveRest(target: Uint8Array): number {
    const count = Math.min(target.length, this.#rest.length);
    if (count > 0) target.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  /** Waits for the next bytes, into `#rest`, which is empty; false at the end. */
  async #more({ signal }: SignalOptions): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#hasEnded) return false;
    signal?.throwIfAborted();
    this.#next ??= this.#chunks.next().catch((error: unknown) => {
      this.#failure = error;
      throw error;
    });
    const next = await unlessAborted(this.#next, signal);
    this.#next = undefined;
    if (next.done) this.#hasEnded = true;
    else this.#rest = next.value;
    return !this.#hasEnded;
  }

  /** A connection whose reader failed closes itself, and says so to writers; they want to know why. */
  #writeError(error: unknown): unknown {
    if (this.#isClosed || !isPondError(error, "ECLOSED") || !isPondError(this.#failure)) return error;
    return netError(this.#failure.code, this.#details("write to"), { cause: this.#failure });
  }

  #details(operation: string): NetErrorDetails {
    return { operation, address: this.remote };
  }
}

/** The promise, or the signal's reason as soon as it aborts; the promise goes on. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      promise.then(resolve, reject);
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  } finally {
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  }
}
