/**
 * The `Disk` seam over a disk queue: files are read and written by the queue's engine, everything else as `NodeDisk` does.
 *
 * A buffer that is a view of a pool's memory (`lease.view`, or part of it) is handed to the kernel as it is; any other is
 * copied through a lease.
 */
import { assert, assertOpenOptions, type DiskFile, diskError, type OpenOptions } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import type { DiskQueue, QueueFile } from "../../disk/disk-queue.ts";
import type { Transfer } from "../../disk/transfer.ts";
import { type BufferPool, regionOf } from "../../memory/pool.ts";
import { EngineQueueFile } from "./queue-file.ts";

const BOUNCE_BYTES_MAX = 1024 * 1024;

export class QueueDisk extends NodeDisk {
  readonly #queue: DiskQueue;
  readonly #pool: BufferPool;

  /** The queue and the pool stay their owner's, who closes them after all files are closed. */
  constructor(queue: DiskQueue, pool: BufferPool) {
    super();
    this.#queue = queue;
    this.#pool = pool;
  }

  override async open(path: string, options: OpenOptions): Promise<DiskFile> {
    assertOpenOptions(options);
    return new QueueDiskFile(await this.#queue.open(path, options), this.#pool);
  }
}

class QueueDiskFile implements DiskFile {
  readonly #file: QueueFile;
  readonly #pool: BufferPool;
  readonly #inFlight: Set<Promise<unknown>> = new Set();
  #closing: Promise<void> | undefined;

  constructor(file: QueueFile, pool: BufferPool) {
    this.#file = file;
    this.#pool = pool;
  }

  get path(): string {
    return this.#file.path;
  }

  readAt(buffer: Uint8Array, position: number): Promise<number> {
    return this.#run("readAt", () =>
      regionOf(buffer) === undefined
        ? this.#readThroughLeases(buffer, position)
        : this.#transfer("read", buffer, position),
    );
  }

  async writeAt(buffer: Uint8Array, position: number): Promise<void> {
    await this.#run<unknown>("writeAt", () =>
      regionOf(buffer) === undefined
        ? this.#writeThroughLeases(buffer, position)
        : this.#transfer("write", buffer, position),
    );
  }

  size(): Promise<number> {
    return this.#file.size();
  }

  truncate(size: number): Promise<void> {
    return this.#file.truncate(size);
  }

  allocate(position: number, bytes: number): Promise<void> {
    return this.#file.allocate(position, bytes);
  }

  punchHole(position: number, bytes: number): Promise<void> {
    return this.#file.punchHole(position, bytes);
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  datasync(): Promise<void> {
    return this.#file.datasync();
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#inFlight).then(() => this.#file.close());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A call that takes several steps must not find the file closed between two of them. */
  async #run<T>(operation: string, work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw diskError("EBADF", { operation, path: this.path });
    const running = work();
    this.#inFlight.add(running);
    try {
      return await running;
    } finally {
      this.#inFlight.delete(running);
    }
  }

  async #readThroughLeases(buffer: Uint8Array, position: number): Promise<number> {
    let total = 0;
    while (total < buffer.length) {
      const length = Math.min(BOUNCE_BYTES_MAX, buffer.length - total);
      using lease = await this.#pool.take(length);
      const count = await this.#file.read(lease, position + total);
      buffer.set(lease.view.subarray(0, count), total);
      total += count;
      if (count < length) break;
    }
    return total;
  }

  async #writeThroughLeases(buffer: Uint8Array, position: number): Promise<void> {
    for (let total = 0; total < buffer.length; total += BOUNCE_BYTES_MAX) {
      const piece = buffer.subarray(total, total + BOUNCE_BYTES_MAX);
      using lease = await this.#pool.take(piece.length);
      lease.view.set(piece);
      await this.#file.write(lease, position + total);
    }
  }

  #transfer(kind: Transfer["kind"], view: Uint8Array, position: number): Promise<number> {
    const region = regionOf(view);
    const file = this.#file;
    assert(region !== undefined, "the memory is of a pool");
    assert(file instanceof EngineQueueFile, "a queue opens its own files");
    const { byteOffset: offset, length } = view;
    // The view is borrowed until the call is over, as the seam says; whose lease it is of, only its owner knows.
    const transfer = { kind, region, offset, length, position, room: length, isHeld: () => true };
    return new Promise((resolve, reject) => {
      file.start(transfer, (result) => (result.ok ? resolve(result.value) : reject(result.error)));
    });
  }
}
