/** An event that wakes another process (eventfd): signals add up until somebody waits for them. */
import { readlinkSync } from "node:fs";
import { assert, type SignalOptions } from "@smallpond/base";
import { sharedMemoryError } from "../../shared/shared-memory.ts";
import { type CoreAddon, coreAddon } from "../core-addon.ts";
import { READABLE, WatchedDescriptor } from "../watched-descriptor.ts";
import { OwnedDescriptor } from "./descriptor.ts";

export interface ProcessEvent extends AsyncDisposable {
  /** To pass to another process. Owned by this object. */
  readonly descriptor: number;

  /** Wakes whoever waits, here or in another process, or lets the next wait return at once. Never waits itself. */
  signal(): void;

  /** Resolves when the event was signalled since the last wait. One caller waits at a time. */
  wait(options?: SignalOptions): Promise<void>;

  /** Idempotent. */
  close(): Promise<void>;
}

export function createEvent(): ProcessEvent {
  const addon = eventAddon("create");
  return new DescriptorEvent(addon, addon.eventOpen());
}

/**
 * Takes over an eventfd that came as a descriptor, also when it fails.
 *
 * @throws EINVAL for a descriptor of anything else.
 */
export function adoptEvent(fd: number): ProcessEvent {
  const addon = eventAddon("adopt");
  const owned = new OwnedDescriptor(addon, fd);
  if (!isEvent(fd)) {
    owned.close();
    throw sharedMemoryError("EINVAL", { operation: "adopt", name: "event" }, { reason: "it is no eventfd" });
  }
  // Its flags are shared by all who have it, and one of them may think otherwise.
  addon.fdNonBlocking(fd);
  return new DescriptorEvent(addon, owned.take());
}

function isEvent(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === "anon_inode:[eventfd]";
  } catch {
    return false;
  }
}

const ONE = [new Uint8Array(new BigUint64Array([1n]).buffer)];

class DescriptorEvent implements ProcessEvent {
  readonly #addon: CoreAddon;
  readonly #watched: WatchedDescriptor;
  readonly #count = new Uint8Array(8);
  #waiting: (() => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;

  constructor(addon: CoreAddon, fd: number) {
    this.#addon = addon;
    this.#watched = new WatchedDescriptor(addon, fd);
    this.#watched.hold(false);
    this.#watched.onReady = () => {
      // Nobody waits: the signal is kept, and the loop need not tell of it again.
      if (this.#waiting === undefined) this.#watched.listenFor(0);
      else if (this.#take()) this.#waiting();
    };
  }

  get descriptor(): number {
    return this.#watched.fd;
  }

  signal(): void {
    // Refused only when 2^64 - 2 signals wait, and then nobody needs another.
    this.#addon.writeNow(this.#watched.fd, ONE);
  }

  async wait({ signal }: SignalOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    assert(this.#waiting === undefined, "one caller waits for an event at a time");
    if (this.#take()) return;
    this.#watched.listenFor(READABLE);
    this.#watched.hold(true);
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = resolve;
        this.#fail = reject;
        onAbort = () => reject(signal?.reason as Error);
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    } finally {
      this.#waiting = undefined;
      this.#fail = undefined;
      this.#watched.hold(false);
      if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
    }
  }

  async close(): Promise<void> {
    if (this.#watched.isOpen)
      this.#fail?.(sharedMemoryError("ECLOSED", { operation: "wait for", name: "event" }));
    await this.#watched.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(): boolean {
    return this.#addon.readNow(this.#watched.fd, this.#count) === this.#count.length;
  }
}

function eventAddon(operation: string): CoreAddon {
  const core = coreAddon();
  if (core.kind === "loaded" && "eventOpen" in core.addon) return core.addon;
  const reason = core.kind === "missing" ? `core.node is ${core.reason}` : "not on this system";
  throw sharedMemoryError("NATIVE_MISSING", { operation, name: "event" }, { reason });
}
