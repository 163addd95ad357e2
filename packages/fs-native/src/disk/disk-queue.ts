/**
 * Disk operations on leased memory, many at once. `io_uring` where the kernel offers it, else Node's thread pool; both
 * keep the contract in `testing/contracts/disk-queue.ts`.
 *
 * Every expected failure is a `DiskError` of `@smallpond/base` that names the file. Operations are not abortable: the
 * kernel does not take them back, and a lease stays in use until its operation has ended.
 */
import type { DiskError, Result } from "@smallpond/base";
import type { BufferLease, LeasePart } from "../memory/lease.ts";

export interface QueueOpenOptions {
  /** At least one of the two. */
  readonly read?: boolean;
  readonly write?: boolean;
  /** Makes the file if it is missing; needs `write`. */
  readonly create?: boolean;
  /** Fails with `EEXIST` if the file is there; needs `create`. */
  readonly exclusive?: boolean;
  /** Empties an existing file; needs `write`. */
  readonly truncate?: boolean;
  /**
   * Past the page cache (O_DIRECT): `true` fails with `EINVAL` where the file system cannot, `"prefer"` then reads and
   * writes through the cache; see `QueueFile.direct`. Default false.
   */
  readonly direct?: boolean | "prefer";
}

/** One operation of a batch. */
export interface QueueOperation {
  readonly kind: "read" | "write";
  readonly file: QueueFile;
  readonly memory: BufferLease | LeasePart;
  /** Bytes from the start of the file. */
  readonly position: number;
}

export interface DiskQueue extends AsyncDisposable {
  readonly kind: "io_uring" | "threads";

  open(path: string, options: QueueOpenOptions): Promise<QueueFile>;

  /**
   * Runs operations together and waits for all of them: one result each, in the order given. A read's value is the bytes
   * read, fewer than asked for only at the end of the file; a write's the bytes written, which is all of them.
   */
  run(operations: readonly QueueOperation[]): Promise<readonly Result<number, DiskError>[]>;

  /** Operations handed to the kernel and not ended. */
  readonly inFlight: number;
  /** Operations that wait because the queue is full. */
  readonly waiting: number;

  /** Waits for what is under way; later calls fail with `EBADF`. Files are closed by those who opened them. Idempotent. */
  close(): Promise<void>;
}

export interface QueueFile extends AsyncDisposable {
  readonly path: string;
  /** Whether it goes past the page cache. */
  readonly direct: boolean;
  /**
   * What a direct file's positions and lengths, and the addresses of memory, must be multiples of, as the kernel says;
   * 1 for others. Anything else is refused with `EINVAL` before it is sent.
   */
  readonly alignment: { readonly position: number; readonly memory: number };

  /** Fills the memory from `position`; returns the bytes read, fewer only at the end of the file. */
  read(into: BufferLease | LeasePart, position: number): Promise<number>;

  /** Writes all of the memory. After an error any part may be written. */
  write(from: BufferLease | LeasePart, position: number): Promise<void>;

  /** Makes bytes and metadata durable. After an error the unsynced bytes are lost: do not try again. */
  sync(): Promise<void>;
  /** Like `sync`, without metadata that reading the bytes back does not need. */
  datasync(): Promise<void>;

  /** Reserves space and makes the file at least that long; `ENOSPC` comes now and not from a later write. */
  allocate(position: number, bytes: number): Promise<void>;
  /** Gives the space of a range back where the file system can; it reads as zeros. The size stays. */
  punchHole(position: number, bytes: number): Promise<void>;

  size(): Promise<number>;
  /** Cuts the file, or extends it with zeros. */
  truncate(size: number): Promise<void>;

  /** Waits for operations under way. Idempotent. Later calls fail with `EBADF`. */
  close(): Promise<void>;
}
