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
    const file = await this.#queue.open(path, options);
    try {
      return new QueueDiskFile({ file, pastCache: await this.#pastCache(path, options) }, this.#pool);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The same file once more, for writes; undefined where it is not wanted or not possible. */
  async #pastCache(path: string, options: OpenOptions): Promise<QueueFile | undefined> {
    if (options.writesPastCache !== true || options.write !== true) return undefined;
    const file = await this.#queue.open(path, { write: true, direct: "prefer" });
    if (file.direct) return file;
    await file.close();
    return undefined;
  }
}

class QueueDiskFile implements DiskFile {
  readonly #file: QueueFile;
  /** For writes past the page cache. What `#file` reads and makes durable includes them: the kernel sees to that. */
  readonly #pastCache: QueueFile | undefined;
  readonly #pool: BufferPool;
  readonly #inFlight: Set<Promise<unknown>> = new Set();
  #closing: Promise<void> | undefined;

  constructor(
    files: { readonly file: QueueFile; readonly pastCache: QueueFile | undefined },
    pool: BufferPool,
  ) {
    this.#file = files.file;
    this.#pastCache = files.pastCache;
    this.#pool = pool;
  }

  get path(): string {
    return this.#file.path;
  }

  readAt(buffer: Uint8Array, position: number): Promise<number> {
    return this.#run("readAt", () =>
      regionOf(buffer) === undefined
        ? this.#readThroughLeases(buffer, position)
        : this.#transfer(this.#file, { kind: "read", view: buffer, position }),
    );
  }

  async writeAt(buffer: Uint8Array, position: number): Promise<void> {
    await this.#run<unknown>("writeAt", () => {
      const file = this.#fileFor(buffer, position);
      const isReady = regionOf(buffer) !== undefined && buffer.byteOffset % file.alignment.memory === 0;
      return isReady
        ? this.#transfer(file, { kind: "write", view: buffer, position })
        : this.#writeThroughLeases(file, buffer, position);
    });
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
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    await this.#pastCache?.close();
    await this.#file.close();
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

  /** Past the page cache goes what has its alignment. */
  #fileFor({ length }: Uint8Array, position: number): QueueFile {
    const past = this.#pastCache;
    if (past === undefined) return this.#file;
    const { position: unit } = past.alignment;
    return position % unit === 0 && length % unit === 0 ? past : this.#file;
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

  async #writeThroughLeases(file: QueueFile, buffer: Uint8Array, position: number): Promise<void> {
    for (let total = 0; total < buffer.length; total += BOUNCE_BYTES_MAX) {
      const piece = buffer.subarray(total, total + BOUNCE_BYTES_MAX);
      using lease = await this.#pool.take(piece.length);
      lease.view.set(piece);
      await file.write({ lease, length: piece.length }, position + total);
    }
  }

  #transfer(
    file: QueueFile,
    { kind, view, position }: Pick<Transfer, "kind" | "position"> & { readonly view: Uint8Array },
  ): Promise<number> {
    const region = regionOf(view);
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
