/** A listening socket, and the bounded queue of what it accepted and nobody took yet. */
import type { CoreAddon } from "../core-addon.ts";
import { READABLE, WatchedDescriptor } from "../watched-descriptor.ts";
import { EAGAIN } from "./socket-errors.ts";

/** Until descriptors are free again; what waits meanwhile stays with the kernel. */
const PAUSE_MS = 50;
const ECONNABORTED = -103;

export class AcceptQueue<T extends { close(): Promise<void> }> implements AsyncIterable<T> {
  readonly #addon: CoreAddon;
  readonly #socket: WatchedDescriptor;
  readonly #open: (fd: number) => T;
  readonly #waitingMax: number;
  #waiting: T[] = [];
  #wake: (() => void) | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  /** Takes over a listening socket; `open` takes over what it accepts. */
  constructor(
    deps: { readonly addon: CoreAddon; readonly open: (fd: number) => T },
    fd: number,
    settings: { readonly acceptQueueMax: number },
  ) {
    this.#addon = deps.addon;
    this.#open = deps.open;
    this.#waitingMax = settings.acceptQueueMax;
    this.#socket = new WatchedDescriptor(deps.addon, fd);
    this.#socket.onReady = () => this.#accept();
    this.#socket.listenFor(READABLE);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const accepted = this.#waiting.shift();
        if (accepted !== undefined) yield accepted;
        else if (this.#closing !== undefined) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      await this.close();
    }
  }

  /** `before` is run first, once. Drops what nobody took. */
  close(before: () => void = () => {}): Promise<void> {
    this.#closing ??= this.#close(before);
    return this.#closing;
  }

  #accept(): void {
    while (this.#socket.isOpen) {
      const fd = this.#addon.socketAccept(this.#socket.fd);
      if (fd === EAGAIN) return;
      // The client gave up before it was taken.
      if (fd === ECONNABORTED) continue;
      if (fd < 0) {
        // Most likely the process may open no more descriptors. The loop would tell again and again.
        this.#socket.listenFor(0);
        this.#pause = setTimeout(() => this.#socket.listenFor(READABLE), PAUSE_MS);
        return;
      }
      const accepted = this.#open(fd);
      if (this.#waiting.length >= this.#waitingMax) void accepted.close();
      else this.#waiting.push(accepted);
      this.#wake?.();
    }
  }

  async #close(before: () => void): Promise<void> {
    before();
    clearTimeout(this.#pause);
    const dropped = this.#waiting;
    this.#waiting = [];
    this.#wake?.();
    await this.#socket.close();
    await Promise.all(dropped.map((accepted) => accepted.close()));
  }
}
