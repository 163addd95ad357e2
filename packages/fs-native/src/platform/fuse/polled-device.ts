/** /dev/fuse in the event loop: every event takes as many requests as there are. */
import { getSystemErrorName } from "node:util";
import { assert, isPondError } from "@smallpond/base";
import { FUSE_REQUEST_BYTES_MAX, type FuseDevice, type FuseRequest } from "../../fuse/fuse-device.ts";
import { fuseError } from "../../fuse/fuse-errors.ts";
import type { BufferLease } from "../../memory/lease.ts";
import type { BufferPool } from "../../memory/pool.ts";
import type { CoreAddon } from "../core-addon.ts";
import { READABLE, WatchedDescriptor } from "../watched-descriptor.ts";

/** After so many requests others get their turn. */
const TURN_REQUESTS = 64;
const ENOENT = -2;
const EAGAIN = -11;
const EINTR = -4;
const ENODEV = -19;
const ECONNABORTED = -103;

interface Serving {
  readonly pool: BufferPool;
  readonly onRequest: (request: FuseRequest) => void;
  readonly over: (error?: unknown) => void;
}

export class PolledFuseDevice implements FuseDevice {
  readonly kind = "polled";
  readonly #addon: CoreAddon;
  readonly #path: string;
  readonly #watched: WatchedDescriptor;
  #serving: Serving | undefined;
  #hasServed = false;
  #lease: BufferLease | undefined;

  /** Takes over a non-blocking descriptor of /dev/fuse. */
  constructor(addon: CoreAddon, fd: number, path: string) {
    this.#addon = addon;
    this.#path = path;
    this.#watched = new WatchedDescriptor(addon, fd);
    this.#watched.onReady = () => this.#turn();
  }

  async serve(pool: BufferPool, onRequest: (request: FuseRequest) => void): Promise<void> {
    assert(!this.#hasServed, "a device is served once");
    this.#hasServed = true;
    if (!this.#watched.isOpen) return;
    this.#lease = await pool.take(FUSE_REQUEST_BYTES_MAX);
    try {
      await new Promise<void>((resolve, reject) => {
        const over = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
        if (!this.#watched.isOpen) return over();
        this.#serving = { pool, onRequest, over };
        this.#watched.listenFor(READABLE);
      });
    } finally {
      this.#serving = undefined;
      this.#watched.listenFor(0);
      this.#lease?.release();
      this.#lease = undefined;
    }
  }

  reply(pieces: readonly Uint8Array[]): boolean {
    if (!this.#watched.isOpen) return false;
    const result = this.#addon.writeNow(this.#watched.fd, pieces);
    if (result >= 0) return true;
    // The caller was interrupted, or the file system unmounted.
    if (result === ENOENT || result === ENODEV) return false;
    throw fuseError(getSystemErrorName(result), { operation: "reply to", path: this.#path });
  }

  async close(): Promise<void> {
    const closing = this.#watched.close();
    this.#serving?.over();
    await closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #turn(): void {
    for (let requests = 0; requests < TURN_REQUESTS && this.#watched.isOpen; requests++) {
      const serving = this.#serving;
      const lease = this.#lease;
      if (serving === undefined || lease === undefined) return;
      const count = this.#addon.readNow(this.#watched.fd, lease.view);
      // A request that was taken back while it was being read.
      if (count === ENOENT || count === EINTR) continue;
      if (count === EAGAIN) return;
      if (count === ENODEV || count === ECONNABORTED || count === 0) {
        serving.over();
        return;
      }
      if (count < 0) {
        serving.over(fuseError(getSystemErrorName(count), { operation: "reply to", path: this.#path }));
        return;
      }
      this.#hand(serving, lease, count);
    }
  }

  #hand({ pool, onRequest }: Serving, lease: BufferLease, count: number): void {
    const keep = (): BufferLease => {
      const kept = lease.pass();
      this.#lease = undefined;
      return kept;
    };
    onRequest({ view: lease.view.subarray(0, count), keep });
    if (this.#lease !== undefined || this.#serving === undefined) return;
    this.#lease = pool.tryTake(FUSE_REQUEST_BYTES_MAX);
    if (this.#lease === undefined) void this.#waitForMemory(pool);
  }

  /** The kernel keeps requests meanwhile. */
  async #waitForMemory(pool: BufferPool): Promise<void> {
    this.#watched.listenFor(0);
    try {
      const lease = await pool.take(FUSE_REQUEST_BYTES_MAX);
      if (this.#serving === undefined) return lease.release();
      this.#lease = lease;
      this.#watched.listenFor(READABLE);
    } catch (error) {
      assert(isPondError(error), "taking a lease fails by a closed or exhausted pool");
      this.#serving?.over(error);
    }
  }
}
