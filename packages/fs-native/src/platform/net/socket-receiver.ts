/** What arrives on a socket, read when somebody asks for it, and ahead as far as the receive buffer goes. */
import { assert, type NetError, netError, type SignalOptions } from "@smallpond/base";
import { ReceiveBuffer } from "../../net/receive-buffer.ts";
import type { CoreAddon } from "../core-addon.ts";
import type { WatchedDescriptor } from "../watched-descriptor.ts";
import { EAGAIN, socketErrorOf } from "./socket-errors.ts";

interface Waiting {
  readonly attempt: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** After so many bytes for one reader others get their turn. */
const TURN_BYTES = 4 * 2 ** 20;
const CHUNK_BYTES = 64 * 1024;

export class SocketReceiver {
  readonly buffer: ReceiveBuffer;
  readonly #addon: CoreAddon;
  readonly #descriptor: WatchedDescriptor;
  readonly #remote: string;
  readonly #listenForBytes: (on: boolean) => void;
  #waiting: Waiting | undefined;
  #failure: NetError | undefined;
  #hasEnded = false;

  constructor(
    deps: {
      readonly addon: CoreAddon;
      readonly descriptor: WatchedDescriptor;
      /** Whether to call `ready` when there are bytes, an end or an error. */
      readonly listenForBytes: (on: boolean) => void;
    },
    settings: { readonly remote: string; readonly receiveBytes: number },
  ) {
    this.#addon = deps.addon;
    this.#descriptor = deps.descriptor;
    this.#listenForBytes = deps.listenForBytes;
    this.#remote = settings.remote;
    this.buffer = new ReceiveBuffer(settings.receiveBytes);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Until `bytes` are in the buffer, or the peer has ended. */
  async fill(bytes: number, options: SignalOptions): Promise<boolean> {
    await this.#until(() => this.#fillNow(bytes), options);
    return this.buffer.length >= bytes;
  }

  async readInto(target: Uint8Array, options: SignalOptions): Promise<void> {
    let filled = this.buffer.moveTo(target);
    await this.#until(() => {
      let turn = 0;
      while (filled < target.length && !this.#hasEnded) {
        const rest = target.subarray(filled);
        const count = this.#read(rest);
        filled += count;
        turn += count;
        // Less than asked for: the socket is empty by now. Going on would only be told so.
        if (count < rest.length && !this.#hasEnded) return false;
        if (turn >= TURN_BYTES && filled < target.length) return false;
      }
      return true;
    }, options);
    if (filled < target.length) throw netError("ECONNRESET", this.#details());
  }

  /** Some bytes, owned by the caller; undefined at the end. */
  async chunk(): Promise<Uint8Array | undefined> {
    if (this.buffer.length > 0) {
      const kept = this.buffer.view.slice();
      this.buffer.consume(kept.length);
      return kept;
    }
    let chunk: Uint8Array | undefined;
    await this.#until(() => {
      const memory = new Uint8Array(CHUNK_BYTES);
      const count = this.#read(memory);
      // What is far from full is copied, or a few bytes would hold on to 64 KiB.
      if (count > 0) chunk = count < CHUNK_BYTES / 2 ? memory.slice(0, count) : memory.subarray(0, count);
      return count > 0 || this.#hasEnded;
    }, {});
    return chunk;
  }

  /** Told by the loop. */
  ready(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#readAhead();
      return;
    }
    try {
      if (!waiting.attempt()) return;
    } catch (error) {
      this.#waiting = undefined;
      waiting.reject(error);
      return;
    }
    this.#waiting = undefined;
    waiting.resolve();
  }

  fail(error: NetError): void {
    this.#failure = error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  async #until(attempt: () => boolean, { signal }: SignalOptions): Promise<void> {
    signal?.throwIfAborted();
    assert(this.#waiting === undefined, "one read of a connection waits at a time");
    if (attempt()) return;
    this.#listenForBytes(true);
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { attempt, resolve, reject };
        onAbort = () => {
          this.#waiting = undefined;
          reject(signal?.reason as Error);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
    }
  }

  #fillNow(bytes: number): boolean {
    while (this.buffer.length < bytes && !this.#hasEnded) {
      const room = this.buffer.room();
      const count = this.#read(room);
      this.buffer.added(count);
      if (count < room.length && !this.#hasEnded) return this.buffer.length >= bytes;
    }
    return true;
  }

  /** A peer that is ahead of its reader fills the buffer and then waits: the loop is not told of what has no room. */
  #readAhead(): void {
    if (!this.buffer.isUsed || !this.buffer.hasRoom || this.#failure !== undefined || this.#hasEnded) {
      this.#listenForBytes(false);
      return;
    }
    try {
      this.buffer.added(this.#read(this.buffer.room()));
    } catch {
      // Kept for the next read.
    }
  }

  /** Bytes that were there, 0 for none yet or no more; `hasEnded` tells which. */
  #read(into: Uint8Array): number {
    if (this.#failure !== undefined) throw this.#failure;
    const count = this.#addon.readNow(this.#descriptor.fd, into);
    if (count > 0) return count;
    if (count === EAGAIN) return 0;
    this.#listenForBytes(false);
    if (count === 0) {
      this.#hasEnded = true;
      return 0;
    }
    this.#failure = socketErrorOf(count, "read from", this.#remote);
    throw this.#failure;
  }

  #details(): { readonly operation: string; readonly address: string } {
    return { operation: "read from", address: this.#remote };
  }
}
