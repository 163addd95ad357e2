/**
 * A descriptor in the event loop: owned here, closed once, and only when the loop has let go of it. One that nobody
 * closes goes with its worker.
 */
import { assert } from "@smallpond/base";
import type { CoreAddon, FdHandle, PollHandle } from "./core-addon.ts";

/** Bits of what to listen for. */
export const READABLE = 1;
export const WRITABLE = 2;

export class WatchedDescriptor {
  readonly #addon: CoreAddon;
  readonly #fd: number;
  readonly #owned: FdHandle;
  /** Told of readiness and of errors alike: trying tells which. */
  onReady: () => void = () => {};
  #poll: PollHandle | undefined;
  #events = 0;
  #held = true;
  #closing: Promise<void> | undefined;

  /** Takes over `fd`, which must be non-blocking. */
  constructor(addon: CoreAddon, fd: number) {
    this.#addon = addon;
    this.#fd = fd;
    this.#owned = addon.fdOwn(fd);
  }

  get fd(): number {
    assert(this.#closing === undefined, "a closed descriptor is not used");
    return this.#fd;
  }

  get isOpen(): boolean {
    return this.#closing === undefined;
  }

  get events(): number {
    return this.#events;
  }

  /** Changing this costs two system calls: keep listening as long as there is room for what may come. */
  listenFor(events: number): void {
    if (events === this.#events || !this.isOpen) return;
    this.#events = events;
    if (this.#poll !== undefined) this.#addon.pollEvents(this.#poll, events);
    else {
      this.#poll = this.#addon.pollStart(this.#fd, events, (ready) => this.#ready(ready));
      if (!this.#held) this.#addon.pollHold(this.#poll, false);
    }
  }

  /** Whether listening keeps the process alive; it does at first. */
  hold(on: boolean): void {
    if (on === this.#held || !this.isOpen) return;
    this.#held = on;
    if (this.#poll !== undefined) this.#addon.pollHold(this.#poll, on);
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #ready(ready: number): void {
    if (!this.isOpen) return;
    this.onReady();
    // The loop stops listening to a descriptor with an error, and there may be bytes to read before it.
    if (ready < 0 && this.isOpen) this.#addon.pollEvents(this.#poll!, this.#events);
  }

  async #close(): Promise<void> {
    const poll = this.#poll;
    if (poll !== undefined) await new Promise<void>((resolve) => this.#addon.pollStop(poll, resolve));
    this.#addon.fdClose(this.#owned);
  }
}
