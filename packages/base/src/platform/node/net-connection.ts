/** One socket of the machine. */
import type { Socket } from "node:net";
import { assert } from "../../assert.ts";
import type { SignalOptions } from "../../clock.ts";
import { type Connection, type NetErrorDetails, type NetSettings, netError } from "../../net.ts";
import { toNetError } from "./net-errors.ts";

export class NodeConnection implements Connection {
  readonly remote: string;
  readonly #socket: Socket;
  readonly #settings: NetSettings;
  #unsentBytes = 0;
  #reading = false;
  #closedHere = false;
  #ending: Promise<void> | undefined;

  constructor(socket: Socket, options: { readonly remote: string; readonly settings: NetSettings }) {
    this.remote = options.remote;
    this.#socket = socket;
    this.#settings = options.settings;
    // Every error also reaches the call that meets it; this listener only keeps it from ending the process.
    socket.on("error", () => {});
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    assert(!this.#reading, "a connection has one reader, once");
    this.#reading = true;
    if (this.#closedHere) throw netError("ECLOSED", this.#details("read from"));
    try {
      for await (const chunk of this.#socket.iterator({ destroyOnReturn: false })) {
        const bytes = chunk as Buffer;
        yield new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      }
    } catch (error) {
      throw this.#closedHere
        ? netError("ECLOSED", this.#details("read from"), { cause: error })
        : toNetError(error, this.#details("read from"));
    } finally {
      // A reader that left before the end cannot come back for the rest.
      if (!this.#socket.readableEnded) await this.close();
    }
  }

  async write(bytes: Uint8Array, options: SignalOptions = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#closedHere || this.#ending !== undefined) throw netError("ECLOSED", this.#details("write to"));
    if (this.#unsentBytes > 0 && this.#unsentBytes + bytes.length > this.#settings.unsentBytesMax) {
      throw netError("EQUEUEFULL", this.#details("write to"));
    }
    this.#unsentBytes += bytes.length;
    const onAbort = (): void => void this.close();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#send(bytes);
    } catch (error) {
      signal?.throwIfAborted();
      if (this.#closedHere) throw netError("ECLOSED", this.#details("write to"), { cause: error });
      // Node answers writes after a reset by the peer with its own "destroyed" error.
      const cause = this.#socket.errored ?? error;
      const lost = toNetError(cause, this.#details("write to"));
      throw lost.code === "ECLOSED" ? netError("EPIPE", this.#details("write to"), { cause }) : lost;
    } finally {
      this.#unsentBytes -= bytes.length;
      signal?.removeEventListener("abort", onAbort);
    }
  }

  end(): Promise<void> {
    this.#ending ??= new Promise((resolve) => {
      // A connection that is already lost has nothing to say goodbye to.
      if (this.#socket.destroyed) return resolve();
      this.#socket.once("close", resolve);
      this.#socket.end(resolve);
    });
    return this.#ending;
  }

  close(): Promise<void> {
    this.#closedHere = true;
    return new Promise((resolve) => {
      if (this.#socket.closed) return resolve();
      this.#socket.once("close", () => resolve());
      this.#socket.destroy();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => {
        if (error) reject(error);
        // Node reports success for writes that a destroyed socket cancelled.
        else if (this.#socket.destroyed) reject(netError("ECLOSED", this.#details("write to")));
        else resolve();
      });
    });
  }

  #details(operation: string): NetErrorDetails {
    return { operation, address: this.remote };
  }
}
