/** /dev/fuse read by threads of Node's pool, each of which waits for a request: works without the addon. */
import * as fs from "node:fs";
import { assert } from "@smallpond/base";
import { FUSE_REQUEST_BYTES_MAX, type FuseDevice, type FuseRequest } from "../../fuse/fuse-device.ts";
import { fuseError } from "../../fuse/fuse-errors.ts";
import type { BufferLease } from "../../memory/lease.ts";
import type { BufferPool } from "../../memory/pool.ts";

/** Each takes one of the pool's threads for as long as it waits; there are four unless UV_THREADPOOL_SIZE says otherwise. */
const READERS = 2;
const AGAIN = new Set(["ENOENT", "EINTR", "EAGAIN"]);
const OVER = new Set(["ENODEV", "ECONNABORTED", "EBADF"]);

export class ThreadFuseDevice implements FuseDevice {
  readonly kind = "threads";
  readonly #fd: number;
  readonly #path: string;
  #hasServed = false;
  #isClosing = false;
  #isClosed = false;
  #readers = 0;

  /** Takes over a descriptor of /dev/fuse that `fs` opened. */
  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  async serve(pool: BufferPool, onRequest: (request: FuseRequest) => void): Promise<void> {
    assert(!this.#hasServed, "a device is served once");
    this.#hasServed = true;
    await Promise.all(Array.from({ length: READERS }, () => this.#readAll(pool, onRequest)));
  }

  reply(pieces: readonly Uint8Array[]): boolean {
    if (this.#isClosing) return false;
    try {
      fs.writevSync(this.#fd, pieces);
      return true;
    } catch (error) {
      const { code = "EOTHER" } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENODEV") return false;
      throw fuseError(code, { operation: "reply to", path: this.#path }, { cause: error });
    }
  }

  /** A thread that waits for a request cannot be woken: the descriptor goes when the last one has come back. */
  close(): Promise<void> {
    this.#isClosing = true;
    this.#closeUnlessRead();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #readAll(pool: BufferPool, onRequest: (request: FuseRequest) => void): Promise<void> {
    this.#readers++;
    let lease: BufferLease | undefined;
    try {
      while (!this.#isClosing) {
        lease ??= await pool.take(FUSE_REQUEST_BYTES_MAX);
        const outcome = await this.#read(lease.view);
        if (outcome === "again") continue;
        if (outcome === "over") return;
        const held = lease;
        const keep = (): BufferLease => {
          lease = undefined;
          return held.pass();
        };
        onRequest({ view: held.view.subarray(0, outcome), keep });
      }
    } finally {
      lease?.release();
      this.#readers--;
      if (this.#isClosing) this.#closeUnlessRead();
    }
  }

  #read(into: Uint8Array): Promise<number | "again" | "over"> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, into, 0, into.length, null, (error, count) => {
        if (error === null) resolve(count === 0 ? "over" : count);
        else if (AGAIN.has(error.code ?? "")) resolve("again");
        else if (OVER.has(error.code ?? "")) resolve("over");
        else reject(fuseError(error.code ?? "EOTHER", { operation: "reply to", path: this.#path }));
      });
    });
  }

  #closeUnlessRead(): void {
    if (this.#readers > 0 || this.#isClosed) return;
    this.#isClosed = true;
    fs.closeSync(this.#fd);
  }
}
