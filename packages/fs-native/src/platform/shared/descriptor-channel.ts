/** Messages with descriptors over a unix socket of the addon that keeps their borders. */
import { getSystemErrorName } from "node:util";
import { assert, type SignalOptions } from "@smallpond/base";
import {
  type DescriptorChannel,
  type DescriptorChannelSettings,
  type DescriptorError,
  type DescriptorMessage,
  descriptorError,
} from "../../shared/descriptor-channel.ts";
import type { CoreAddon } from "../core-addon.ts";
import { EAGAIN } from "../net/socket-errors.ts";
import { READABLE, WatchedDescriptor, WRITABLE } from "../watched-descriptor.ts";
import { OwnedDescriptor } from "./descriptor.ts";

interface Unsent {
  readonly bytes: Uint8Array;
  readonly descriptors: Int32Array;
  readonly settle: (error?: unknown) => void;
}

interface Receiver {
  readonly give: (message: DescriptorMessage | undefined) => void;
  readonly fail: (error: unknown) => void;
}

export const MESSAGE_BYTES_MAX = 4_096;
const DESCRIPTORS_MAX = 253;
/** Of the kernel, for what libuv has no name. */
const ETOOMANYREFS = -109;

export class SocketDescriptorChannel implements DescriptorChannel {
  readonly peer: DescriptorChannel["peer"];
  readonly #addon: CoreAddon;
  readonly #socket: WatchedDescriptor;
  readonly #name: string;
  readonly #settings: DescriptorChannelSettings;
  readonly #unsent: Unsent[] = [];
  #receiver: Receiver | undefined;

  /** Takes over a connected socket. */
  constructor(
    addon: CoreAddon,
    fd: number,
    options: { readonly name: string; readonly settings: DescriptorChannelSettings },
  ) {
    this.#addon = addon;
    this.#name = options.name;
    this.#settings = options.settings;
    this.#socket = new WatchedDescriptor(addon, fd);
    this.#socket.onReady = () => this.#ready();
    const peer = new Int32Array(3);
    addon.peerOf(fd, peer);
    const [process, user, group] = peer as unknown as readonly [number, number, number];
    this.peer = { process, user: user >>> 0, group: group >>> 0 };
  }

  async send(
    bytes: Uint8Array,
    descriptors: readonly number[] = [],
    { signal }: SignalOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#socket.isOpen) throw this.#error("ECLOSED", "write to");
    if (bytes.length === 0 || bytes.length > MESSAGE_BYTES_MAX || descriptors.length > DESCRIPTORS_MAX) {
      throw this.#error("EINVAL", "write to");
    }
    if (this.#unsent.length >= this.#settings.unsentMax) throw this.#error("EQUEUEFULL", "write to");
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
        const unsent = { bytes, descriptors: Int32Array.from(descriptors), settle };
        this.#unsent.push(unsent);
        if (this.#unsent.length === 1) this.#sendNow();
        onAbort = () => {
          const place = this.#unsent.indexOf(unsent);
          if (place >= 0) this.#unsent.splice(place, 1);
          reject(signal?.reason as Error);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
    }
  }

  async receive({ signal }: SignalOptions = {}): Promise<DescriptorMessage | undefined> {
    signal?.throwIfAborted();
    assert(this.#receiver === undefined, "one caller waits for a message at a time");
    if (!this.#socket.isOpen) throw this.#error("ECLOSED", "read from");
    const now = this.#receiveNow();
    if (now !== "nothing yet") return now;
    let onAbort: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#receiver = { give: resolve, fail: reject };
        onAbort = () => reject(signal?.reason as Error);
        signal?.addEventListener("abort", onAbort, { once: true });
        this.#socket.listenFor(this.#socket.events | READABLE);
      });
    } finally {
      this.#receiver = undefined;
      if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
    }
  }

  close(): Promise<void> {
    if (this.#socket.isOpen) {
      this.#receiver?.fail(this.#error("ECLOSED", "read from"));
      for (const { settle } of this.#unsent.splice(0)) settle(this.#error("ECLOSED", "write to"));
    }
    return this.#socket.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ready(): void {
    const { events } = this.#socket;
    if ((events & WRITABLE) !== 0) this.#sendNow();
    if ((events & READABLE) === 0 || !this.#socket.isOpen) return;
    const receiver = this.#receiver;
    if (receiver === undefined) {
      this.#socket.listenFor(this.#socket.events & ~READABLE);
      return;
    }
    try {
      const message = this.#receiveNow();
      if (message === "nothing yet") return;
      this.#receiver = undefined;
      receiver.give(message);
    } catch (error) {
      this.#receiver = undefined;
      receiver.fail(error);
    }
  }

  #sendNow(): void {
    while (this.#unsent.length > 0) {
      const { bytes, descriptors, settle } = this.#unsent[0]!;
      const sent = this.#addon.sendMessage(this.#socket.fd, bytes, descriptors);
      if (sent === EAGAIN) break;
      this.#unsent.shift();
      settle(sent < 0 ? this.#errorOf(sent, "write to") : undefined);
    }
    const { events } = this.#socket;
    this.#socket.listenFor(this.#unsent.length > 0 ? events | WRITABLE : events & ~WRITABLE);
  }

  #receiveNow(): DescriptorMessage | undefined | "nothing yet" {
    const bytes = new Uint8Array(MESSAGE_BYTES_MAX);
    const places = new Int32Array(1 + DESCRIPTORS_MAX);
    const count = this.#addon.receiveMessage(this.#socket.fd, bytes, places);
    if (count === EAGAIN) return "nothing yet";
    if (count < 0) throw this.#errorOf(count, "read from");
    const descriptors = Array.from(
      places.subarray(1, 1 + places[0]!),
      (fd) => new OwnedDescriptor(this.#addon, fd),
    );
    // Nobody sends empty messages: this is how the kernel says that the peer has gone.
    if (count === 0) return undefined;
    return {
      bytes: bytes.slice(0, count),
      descriptors,
      [Symbol.dispose]: () => {
        for (const descriptor of descriptors) descriptor.close();
      },
    };
  }

  #errorOf(result: number, operation: string): DescriptorError {
    return this.#error(result === ETOOMANYREFS ? "ETOOMANYREFS" : getSystemErrorName(result), operation);
  }

  #error(code: string, operation: string): DescriptorError {
    return descriptorError(code, { operation, channel: this.#name });
  }
}
