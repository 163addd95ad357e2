/** One open file of the machine. */
import type { FileHandle } from "node:fs/promises";
import { assert, assertSafeInteger } from "../../assert.ts";
import { type DiskFile, diskError } from "../../disk.ts";
import { attempt } from "./disk-errors.ts";

export class NodeDiskFile implements DiskFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #closing: Promise<void> | undefined;

  constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  readAt(buffer: Uint8Array, position: number): Promise<number> {
    assertPosition(position);
    return this.#run("readAt", async (handle) => {
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    });
  }

  writeAt(buffer: Uint8Array, position: number): Promise<void> {
    assertPosition(position);
    return this.#run("writeAt", async (handle) => {
      let written = 0;
      while (written < buffer.length) {
        const { bytesWritten } = await handle.write(
          buffer,
          written,
          buffer.length - written,
          position + written,
        );
        assert(bytesWritten > 0, "a write of some bytes must make progress or fail");
        written += bytesWritten;
      }
    });
  }

  size(): Promise<number> {
    return this.#run("size", async (handle) => (await handle.stat()).size);
  }

  truncate(size: number): Promise<void> {
    assertPosition(size);
    return this.#run("truncate", (handle) => handle.truncate(size));
  }

  sync(): Promise<void> {
    return this.#run("sync", (handle) => handle.sync());
  }

  datasync(): Promise<void> {
    return this.#run("datasync", (handle) => handle.datasync());
  }

  close(): Promise<void> {
    this.#closing ??= attempt({ operation: "close", path: this.path }, () => this.#settle());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #inFlight: Set<Promise<unknown>> = new Set();

  async #run<T>(operation: string, call: (handle: FileHandle) => Promise<T>): Promise<T> {
    const details = { operation, path: this.path };
    if (this.#closing !== undefined) throw diskError("EBADF", details);
    const running = attempt(details, () => call(this.#handle));
    this.#inFlight.add(running);
    try {
      return await running;
    } finally {
      this.#inFlight.delete(running);
    }
  }

  /** A call that takes several steps must not find the descriptor gone (or reused) between two of them. */
  async #settle(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    await this.#handle.close();
  }
}

function assertPosition(position: number): void {
  assertSafeInteger(position, "position");
  assert(position >= 0, `position must not be negative, got ${position}`);
}
