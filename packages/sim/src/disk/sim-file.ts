/** An open file of a simulated disk. */
import {
  assert,
  assertSafeInteger,
  type DiskErrorDetails,
  type DiskFile,
  diskError,
  type OpenOptions,
} from "@smallpond/base";
import type { Lifetime, OpenHandle } from "../world/lifetime.ts";
import type { DiskImage } from "./image.ts";
import type { FileInode } from "./inodes.ts";
import type { DiskWork } from "./sim-disk.ts";

export interface FileHost {
  readonly lifetime: Lifetime;
  readonly image: DiskImage;
  call<T>(details: DiskErrorDetails, plan: (details: DiskErrorDetails) => DiskWork<T>): Promise<T>;
}

export class SimFile implements DiskFile {
  readonly path: string;
  readonly #host: FileHost;
  readonly #node: FileInode;
  readonly #options: OpenOptions;
  readonly #handle: OpenHandle;
  readonly #flights: Set<Promise<unknown>> = new Set();
  #closing = false;

  constructor(
    host: FileHost,
    file: { readonly path: string; readonly node: FileInode; readonly options: OpenOptions },
  ) {
    this.path = file.path;
    this.#host = host;
    this.#node = file.node;
    this.#options = file.options;
    this.#handle = host.lifetime.open(`the file ${file.path}`);
  }

  readAt(buffer: Uint8Array, position: number): Promise<number> {
    return this.#call("readAt", "read", () => {
      assertPosition(position);
      return {
        bytes: buffer.length,
        run: () => {
          const part = this.#node.contents.view(position, position + buffer.length);
          buffer.set(part);
          return part.length;
        },
      };
    });
  }

  writeAt(buffer: Uint8Array, position: number): Promise<void> {
    return this.#call("writeAt", "write", (details) => {
      assertPosition(position);
      // Borrowed until the promise settles; a copy shows nobody what a caller that breaks that would have written.
      const bytes = buffer.slice();
      const part = (): void => {
        const end = Math.floor(bytes.length * PART_SHARE);
        this.#host.image.write(this.#node, bytes.subarray(0, end), position, details);
      };
      const run = (): void => this.#host.image.write(this.#node, bytes, position, details);
      return { bytes: bytes.length, run, half: part, spoil: part };
    });
  }

  size(): Promise<number> {
    return this.#call("size", undefined, () => ({ run: () => this.#node.contents.size }));
  }

  truncate(size: number): Promise<void> {
    return this.#call("truncate", "write", (details) => {
      assertPosition(size);
      return { run: () => this.#host.image.resize(this.#node, size, details) };
    });
  }

  punchHole(position: number, bytes: number): Promise<void> {
    return this.#call("punchHole", "write", (details) => {
      assertPosition(position);
      const zeros = (share: number): Uint8Array => {
        const room = Math.max(0, Math.min(bytes, this.#node.contents.size - position));
        return new Uint8Array(Math.floor(room * share));
      };
      const put = (share: number): void =>
        this.#host.image.write(this.#node, zeros(share), position, details);
      return { run: () => put(1), half: () => put(PART_SHARE), spoil: () => put(PART_SHARE) };
    });
  }

  sync(): Promise<void> {
    return this.#call("sync", undefined, () => this.#sync());
  }

  datasync(): Promise<void> {
    return this.#call("datasync", undefined, () => this.#sync());
  }

  async close(): Promise<void> {
    if (this.#closing) {
      await Promise.allSettled(this.#flights);
      return;
    }
    this.#closing = true;
    if (!this.#host.lifetime.enter(`disk.close ${this.path}`)) return new Promise(() => {});
    await Promise.allSettled(this.#flights);
    this.#handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #sync(): DiskWork<void> {
    const { image } = this.#host;
    return { sync: true, run: () => image.sync(this.#node), spoil: () => image.loseUnsynced(this.#node) };
  }

  async #call<T>(
    operation: string,
    needs: "read" | "write" | undefined,
    plan: (details: DiskErrorDetails) => DiskWork<T>,
  ): Promise<T> {
    const details = { operation, path: this.path };
    if (this.#closing) throw diskError("EBADF", details);
    if (needs !== undefined && this.#options[needs] !== true) throw diskError("EBADF", details);
    const flight = this.#host.call(details, plan);
    this.#flights.add(flight);
    try {
      return await flight;
    } finally {
      this.#flights.delete(flight);
    }
  }
}

/** How much of a write a kernel had done when it was cut off. */
const PART_SHARE = 0.5;

function assertPosition(position: number): void {
  assertSafeInteger(position, "position");
  assert(position >= 0, `position must not be negative, got ${position}`);
}
