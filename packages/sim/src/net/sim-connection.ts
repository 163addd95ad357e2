/** One end of a simulated connection. */
import {
  assert,
  type Connection,
  DEFAULT_NET_SETTINGS,
  type NetErrorCode,
  type NetErrorDetails,
  netError,
  type SignalOptions,
} from "@smallpond/base";
import type { Lifetime, OpenHandle } from "../world/lifetime.ts";
import type { Wire } from "./wire.ts";

export interface ConnectionParts {
  readonly lifetime: Lifetime;
  readonly incoming: Wire;
  readonly outgoing: Wire;
  readonly remote: string;
  /** Whether the machine this end is on still runs. */
  readonly powered: () => boolean;
}

export class SimConnection implements Connection {
  readonly remote: string;
  readonly #parts: ConnectionParts;
  readonly #handle: OpenHandle;
  #unsentBytes = 0;
  #reading = false;
  #ended = false;
  #closed = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.remote = parts.remote;
    this.#handle = parts.lifetime.open(`a connection with ${parts.remote}`);
    parts.lifetime.onDeath(() => this.drop());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    assert(!this.#reading, "a connection has one reader, once");
    this.#reading = true;
    let finished = false;
    try {
      for (;;) {
        const bytes = await this.#parts.incoming.read();
        if (bytes === undefined) break;
        if (!this.#enter(`read ${bytes.length} from`)) await new Promise(() => {});
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
    if (this.#unsentBytes > 0 && this.#unsentBytes + bytes.length > DEFAULT_NET_SETTINGS.unsentBytesMax) {
      throw netError("EQUEUEFULL", this.#details("write to"));
    }
    const entry = this.#parts.lifetime.begin(`net.write ${bytes.length} to ${this.remote}`);
    if (entry === "dead") return new Promise(() => {});
    this.#unsentBytes += bytes.length;
    const onAbort = (): void => this.drop();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#send(bytes, entry === "doomed");
    } catch (code) {
      signal?.throwIfAborted();
      throw netError(code as NetErrorCode, this.#details("write to"));
    } finally {
      this.#unsentBytes -= bytes.length;
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async end(): Promise<void> {
    if (this.#closed || this.#ended || !this.#enter("end")) return;
    this.#ended = true;
    this.#parts.outgoing.end();
  }

  async close(): Promise<void> {
    if (this.#closed || !this.#enter("close")) return;
    this.drop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What the kernel does when the program closes the connection, aborts a write or is gone. */
  drop(): void {
    if (this.#closed) return;
    const { incoming, outgoing } = this.#parts;
    const unread = incoming.unreadBytes > 0;
    this.#close();
    incoming.closeReceiver();
    // A kernel answers bytes that nobody will read with a reset; a machine without power says nothing.
    const farewell = this.#parts.powered() ? (unread ? "reset" : "fin") : "silence";
    outgoing.abandon({ code: "ECLOSED", farewell });
  }

  /** The other end, or the network, is gone: both directions fail. */
  fail(code: NetErrorCode): void {
    this.#parts.incoming.failReads(code);
    this.#parts.outgoing.failWrites(code);
  }

  #send(bytes: Uint8Array, doomed: boolean): Promise<void> {
    const { lifetime, outgoing } = this.#parts;
    return new Promise((resolve, reject) => {
      outgoing.write(bytes, (code) => lifetime.wake(() => (code === undefined ? resolve() : reject(code))));
      if (doomed) lifetime.die("crashed after net.write");
    });
  }

  #close(): void {
    this.#closed = true;
    this.#handle.close();
  }

  #enter(operation: string): boolean {
    return this.#parts.lifetime.enter(`net.${operation} ${this.remote}`);
  }

  #details(operation: string): NetErrorDetails {
    return { operation, address: this.remote };
  }
}
