/**
 * A mounted FUSE file system as its server sees it: requests come, replies go, in the kernel's own protocol
 * (linux/fuse.h), of which nothing is known here.
 *
 * A server makes no blocking call on its own mount: the kernel would wait for the very process that waits.
 */
import type { BufferLease } from "../memory/lease.ts";
import type { BufferPool } from "../memory/pool.ts";

export interface FuseDevice extends AsyncDisposable {
  /** Whether requests are read as the event loop tells of them, or by threads of Node's pool. */
  readonly kind: "polled" | "threads";

  /**
   * Takes requests until the file system is unmounted or the device closed, and resolves then. Each is read into memory
   * of the pool, and `onRequest` is called with it. Once.
   */
  serve(pool: BufferPool, onRequest: (request: FuseRequest) => void): Promise<void>;

  /**
   * Sends one reply: a header and what belongs to it, as one message. The pieces may be used again at once. False when
   * nobody waits for it any more.
   *
   * @throws EINVAL for what the kernel does not take as a reply.
   */
  reply(pieces: readonly Uint8Array[]): boolean;

  /** Without unmounting: those who use the mount get ENOTCONN from then on. Idempotent. */
  close(): Promise<void>;
}

export interface FuseRequest {
  /** Header and arguments. Shows something else after `onRequest` has returned, unless it was kept. */
  readonly view: Uint8Array;
  /** Hands over the memory, for payloads that are passed on without a copy. At most once, within `onRequest`. */
  keep(): BufferLease;
}

/** The largest request that is asked for: a write of 1 MiB and what stands before it. */
export const FUSE_WRITE_BYTES_MAX: number = 2 ** 20;
export const FUSE_REQUEST_BYTES_MAX: number = FUSE_WRITE_BYTES_MAX + 4_096;
