/** One end of a connection in memory. */
import { assert } from "../assert.ts";
import type { SignalOptions } from "../clock.ts";
import {
  type Connection,
  type NetErrorCode,
  type NetErrorDetails,
  type NetSettings,
  netError,
} from "../net.ts";
import type { MemoryPipe } from "./memory-pipe.ts";

export class MemoryConnection implements Connection {
  readonly remote: string;
  readonly #incoming: MemoryPipe;
  readonly #outgoing: MemoryPipe;
  readonly #settings: NetSettings;
  #unsentBytes = 0;
  #reading = false;
  #ended = false;
  #closed = false;

  constructor(
    pipes: { readonly incoming: MemoryPipe; readonly outgoing: MemoryPipe },
    options: { readonly remote: string; readonly settings: NetSettings },
  ) {
    this.remote = options.remote;
    this.#incoming = pipes.incoming;
    this.#outgoing = pipes.outgoing;
    this.#settings = options.settings;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    assert(!this.#reading, "a connection has one reader, once");
    this.#reading = true;
    let finished = false;
    try {
      for (;;) {
        const bytes = await this.#incoming.read();
        if (bytes === undefined) break;
        yield bytes;
      }
      finished = true;
    } catch (code) {
      throw netError(code as NetErrorCode, this.#details("read from"));
    } finally {
      if (!finished) await this.close();
    }
  }

  async write(bytes: Uint8Array, options: SignalOptions = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#closed || this.#ended) throw netError("ECLOSED", this.#details("write to"));
    if (this.#unsentBytes > 0 && this.#unsentBytes + bytes.length > this.#settings.unsentBytesMax) {
      throw netError("EQUEUEFULL", this.#details("write to"));
    }
    this.#unsentBytes += bytes.length;
    const onAbort = (): void => void this.close();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#outgoing.write(bytes);
    } catch (code) {
      signal?.throwIfAborted();
      throw netError(code as NetErrorCode, this.#details("write to"));
    } finally {
      this.#unsentBytes -= bytes.length;
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#outgoing.end();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // A kernel answers bytes that nobody will read with a reset, which overtakes what the peer has not read yet.
    const reset = this.#incoming.bufferedBytes > 0;
    this.#incoming.closeReader({ reader: "ECLOSED", writer: "EPIPE" });
    this.#outgoing.closeWriter("ECLOSED");
    if (reset) this.#outgoing.closeReader({ reader: "ECONNRESET", writer: "ECLOSED" });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #details(operation: string): NetErrorDetails {
    return { operation, address: this.remote };
  }
}
