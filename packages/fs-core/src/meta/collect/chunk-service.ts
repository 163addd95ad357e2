/**
 * What metadata asks of storage. All of it is repeatable: sent again, also by another service after a crash, it comes to
 * the same.
 */
import type { SignalOptions } from "@smallpond/base";
import type { InodeId, SessionId } from "../../ids.ts";
import type { Layout } from "../model/inode.ts";

/** One version of a file's data: what its chunks are named by, and where they lie. */
export interface FileData {
  readonly inode: InodeId;
  readonly dataVersion: number;
  readonly layout: Layout;
}

export interface ChunkService {
  /**
   * Takes up to `chunksMax` chunks away, the last first; `more` tells whether there may be others. No write may come to
   * the data any more: its sessions are closed or revoked.
   */
  removeChunks(
    data: FileData,
    options: SignalOptions & { readonly chunksMax: number },
  ): Promise<{ readonly removed: number; readonly more: boolean }>;

  /**
   * When it has resolved, no byte that was acknowledged before the call is left at or past `length`, and further calls
   * with this truncate version or a lower one change nothing: what was written since stays. Concurrent writes come
   * before or after it, chunk by chunk.
   */
  truncate(
    data: FileData,
    cut: { readonly length: bigint; readonly truncateVersion: number },
    options?: SignalOptions,
  ): Promise<void>;

  /** Where the furthest byte ends that was acknowledged before the call; 0 if there are no chunks. */
  lengthOf(data: FileData, options?: SignalOptions): Promise<bigint>;

  /**
   * Writes the first bytes of data that nobody else knows of yet, as `writer`. Once it has settled, copies of the
   * message that are still under way change nothing, unless it rejected and `writer` is not revoked.
   */
  fill(
    data: FileData,
    content: { readonly writer: SessionId; readonly bytes: Uint8Array },
    options?: SignalOptions,
  ): Promise<void>;

  /**
   * When it has resolved, every storage service refuses whatever these sessions send, or has lost its lease and learns
   * of it before it serves again (I11). Rejects if some could not be reached and may still serve.
   */
  revoke(sessions: readonly SessionId[], options?: SignalOptions): Promise<void>;

  space(options?: SignalOptions): Promise<ChunkSpace>;
}

/** Bytes that files may have, replicas counted once. */
export interface ChunkSpace {
  readonly bytesTotal: bigint;
  readonly bytesFree: bigint;
}
