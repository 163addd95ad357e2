/** A connection over a socket of the addon. */
import { assert, type NetErrorDetails, netError, type SignalOptions } from "@smallpond/base";
import type { BufferLease, LeasePart } from "../../memory/lease.ts";
import type { LeasedConnection, Piece } from "../../net/leased-net.ts";
import { assertHeld, viewOf, viewsOf } from "../../net/pieces.ts";
import type { LeasedNetSettings } from "../../net/settings.ts";
import type { CoreAddon } from "../core-addon.ts";
import { READABLE, type WatchedDescriptor, WRITABLE } from "../watched-descriptor.ts";
import { SocketReceiver } from "./socket-receiver.ts";
import { SocketSender } from "./socket-sender.ts";

export class SocketConnection implements LeasedConnection {
  readonly remote: string;
  readonly #addon: CoreAddon;
  readonly #descriptor: WatchedDescriptor;
  readonly #receiver: SocketReceiver;
  readonly #sender: SocketSender;
  #isIterated = false;
  #ending: Promise<void> | undefined;

  /** Takes over a connected socket. */
  constructor(
    addon: CoreAddon,
    descriptor: WatchedDescriptor,
    options: { readonly remote: string; readonly settings: LeasedNetSettings },
  ) {
    this.remote = options.remote;
    this.#addon = addon;
    this.#descriptor = descriptor;
    descriptor.onReady = () => this.#ready();
    const settings = { remote: options.remote, ...options.settings };
    const listenForBytes = (on: boolean): void => this.#listen(READABLE, on);
    const listenForRoom = (on: boolean): void => this.#listen(WRITABLE, on);
    this.#receiver = new SocketReceiver({ addon, descriptor, listenForBytes }, settings);
    this.#sender = new SocketSender({ addon, descriptor, listenForRoom }, settings);
  }

  get receivedView(): Uint8Array {
    return this.#receiver.buffer.view;
  }

  async fill(bytes: number, options: SignalOptions = {}): Promise<boolean> {
    const { capacity } = this.#receiver.buffer;
    assert(bytes <= capacity, `at most ${capacity} bytes are received before they are consumed`);
    return await this.#receiver.fill(bytes, options);
  }

  mark(dscp: number): void {
    assert(Number.isInteger(dscp) && dscp >= 0 && dscp < 64, `${dscp} has six bits`);
    // Refused by unix sockets alone.
    if (this.#descriptor.isOpen) this.#addon.socketMark(this.#descriptor.fd, dscp);
  }

  consume(bytes: number): void {
    this.#receiver.buffer.consume(bytes);
  }

  async readInto(memory: BufferLease | LeasePart, options: SignalOptions = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    try {
      await this.#receiver.readInto(viewOf(memory), options);
    } catch (error) {
      if (signal?.aborted) await this.close();
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
        const chunk = await this.#receiver.chunk();
        if (chunk === undefined) return;
        yield chunk;
      }
    } finally {
      // A reader that left before the end cannot come back for the rest.
      if (!this.#receiver.hasEnded) await this.close();
    }
  }

  write(bytes: Uint8Array, options: SignalOptions = {}): Promise<void> {
    return this.#send([bytes], options);
  }

  async writeFrom(pieces: readonly Piece[], options: SignalOptions = {}): Promise<void> {
    try {
      await this.#send(pieces, options);
    } finally {
      assertHeld(pieces);
    }
  }

  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  close(): Promise<void> {
    if (this.#descriptor.isOpen) {
      this.#receiver.fail(netError("ECLOSED", this.#details("read from")));
      this.#sender.fail(netError("ECLOSED", this.#details("write to")));
    }
    return this.#descriptor.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #send(pieces: readonly Piece[], { signal }: SignalOptions): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#descriptor.isOpen || this.#ending !== undefined) {
      throw netError("ECLOSED", this.#details("write to"));
    }
    const sending = this.#sender.send(viewsOf(pieces));
    if (signal === undefined) return await sending;
    const onAbort = (): void => void this.close();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await sending;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #end(): Promise<void> {
    await this.#sender.drained();
    // A connection that is lost has nothing to say goodbye to.
    if (this.#descriptor.isOpen) this.#addon.socketEnd(this.#descriptor.fd);
  }

  #ready(): void {
    const { events } = this.#descriptor;
    // The loop says that something is there; trying says what. An error shows in whatever waits.
    if ((events & WRITABLE) !== 0) this.#sender.flush();
    if ((events & READABLE) !== 0 && this.#descriptor.isOpen) this.#receiver.ready();
  }

  #listen(event: number, on: boolean): void {
    const { events } = this.#descriptor;
    this.#descriptor.listenFor(on ? events | event : events & ~event);
  }

  #details(operation: string): NetErrorDetails {
    return { operation, address: this.remote };
  }
}
