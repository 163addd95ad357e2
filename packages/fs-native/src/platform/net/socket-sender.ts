/** What waits to be sent on a socket. Writes made in one turn go to the kernel in one call. */
import { type NetError, netError } from "@smallpond/base";
import type { CoreAddon } from "../core-addon.ts";
import type { WatchedDescriptor } from "../watched-descriptor.ts";
import { EAGAIN, socketErrorOf } from "./socket-errors.ts";

interface Outgoing {
  /** What is left of it. */
  readonly views: Uint8Array[];
  readonly bytes: number;
  left: number;
  readonly settle: (error: NetError | undefined) => void;
}

const VIEWS_MAX = 64;

export class SocketSender {
  readonly #addon: CoreAddon;
  readonly #descriptor: WatchedDescriptor;
  readonly #remote: string;
  readonly #unsentBytesMax: number;
  readonly #queue: Outgoing[] = [];
  #unsentBytes = 0;
  #isFlushing = false;
  #isBlocked = false;
  #failure: NetError | undefined;
  #whenEmpty: (() => void) | undefined;
  readonly #listenForRoom: (on: boolean) => void;

  constructor(
    deps: {
      readonly addon: CoreAddon;
      readonly descriptor: WatchedDescriptor;
      /** Whether to call `flush` when the socket takes more. */
      readonly listenForRoom: (on: boolean) => void;
    },
    settings: { readonly remote: string; readonly unsentBytesMax: number },
  ) {
    this.#addon = deps.addon;
    this.#descriptor = deps.descriptor;
    this.#listenForRoom = deps.listenForRoom;
    this.#remote = settings.remote;
    this.#unsentBytesMax = settings.unsentBytesMax;
  }

  /** Resolves when the kernel has taken all of it. */
  send(views: readonly Uint8Array[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const bytes = views.reduce((sum, view) => sum + view.length, 0);
    if (this.#unsentBytes > 0 && this.#unsentBytes + bytes > this.#unsentBytesMax) {
      return Promise.reject(netError("EQUEUEFULL", { operation: "write to", address: this.#remote }));
    }
    if (bytes === 0 && this.#queue.length === 0) return Promise.resolve();
    this.#unsentBytes += bytes;
    return new Promise((resolve, reject) => {
      const settle = (error: NetError | undefined): void => (error === undefined ? resolve() : reject(error));
      this.#queue.push({ views: [...views], bytes, left: bytes, settle });
      if (this.#isFlushing || this.#isBlocked) return;
      this.#isFlushing = true;
      queueMicrotask(() => {
        this.#isFlushing = false;
        this.flush();
      });
    });
  }

  /** Resolves when nothing is left to send, also because it failed. */
  drained(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  /** Fails what waits, and whatever comes later. */
  fail(error: NetError): void {
    this.#failure ??= error;
    this.#unsentBytes = 0;
    this.#block(false);
    for (const outgoing of this.#queue.splice(0)) outgoing.settle(error);
    this.#whenEmpty?.();
  }

  /** Sends until the socket takes no more. */
  flush(): void {
    while (this.#queue.length > 0 && this.#descriptor.isOpen) {
      const views = this.#firstViews();
      const offered = views.reduce((sum, view) => sum + view.length, 0);
      const taken = this.#addon.socketWrite(this.#descriptor.fd, views);
      if (taken < 0 && taken !== EAGAIN) {
        this.fail(socketErrorOf(taken, "write to", this.#remote));
        return;
      }
      if (taken > 0 || offered === 0) this.#took(Math.max(taken, 0));
      if (taken < offered) {
        this.#block(true);
        return;
      }
    }
    this.#block(false);
    if (this.#queue.length === 0) this.#whenEmpty?.();
  }

  #block(on: boolean): void {
    if (this.#isBlocked === on) return;
    this.#isBlocked = on;
    this.#listenForRoom(on);
  }

  /** As many views, in order, as one call takes. */
  #firstViews(): readonly Uint8Array[] {
    const [first] = this.#queue;
    if (this.#queue.length === 1 && first!.views.length <= VIEWS_MAX) return first!.views;
    const views: Uint8Array[] = [];
    for (const outgoing of this.#queue) {
      for (const view of outgoing.views) {
        views.push(view);
        if (views.length === VIEWS_MAX) return views;
      }
    }
    return views;
  }

  #took(count: number): void {
    let left = count;
    this.#unsentBytes -= count;
    let done = 0;
    for (const outgoing of this.#queue) {
      if (outgoing.left > left) {
        if (left > 0) trim(outgoing, left);
        break;
      }
      left -= outgoing.left;
      done++;
    }
    for (const outgoing of this.#queue.splice(0, done)) outgoing.settle(undefined);
  }
}

/** Drops the first `count` bytes of what is left. */
function trim(outgoing: Outgoing, count: number): void {
  outgoing.left -= count;
  let left = count;
  let whole = 0;
  while (outgoing.views[whole]!.length <= left) left -= outgoing.views[whole++]!.length;
  outgoing.views.splice(0, whole);
  if (left > 0) outgoing.views[0] = outgoing.views[0]!.subarray(left);
}
