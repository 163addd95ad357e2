/**
 * Bytes of chunks, of many files at once: what everything above stands on that turns files into chunks. Items of a batch
 * are independent of each other; each has its own outcome, in the order of the items.
 */
import type { PondError, Result, SignalOptions } from "@smallpond/base";
import type { Piece } from "@smallpond/fs-native";
import type { SessionId } from "../../ids.ts";
import type { FileData } from "../../meta/collect/chunk-service.ts";
import type { TrafficClass } from "../../storage/protocol/common.ts";

/** What an open file shows to storage. One object for all items of the file, so that a renewal helps all of them. */
export interface CapabilitySource {
  /** Shown with whatever is sent next. */
  readonly current: Uint8Array;
  /**
   * Storage said that `expired` is. Afterwards `current` is another one, or it rejects with why not, which becomes the
   * items' error. Called once for each capability, however many items need it.
   */
  renew(expired: Uint8Array, options: SignalOptions): Promise<void>;
}

export interface ChunkPlace {
  readonly data: FileData;
  /** Which chunk of the file. */
  readonly chunk: number;
  /** Within the chunk. With the item's bytes it does not exceed the layout's `chunkBytes`. */
  readonly offset: number;
  readonly capability: CapabilitySource;
}

export interface ChunkRead extends ChunkPlace {
  /**
   * Filled whole, at least one byte; the operation's until it has settled. A part of a lease that is large is filled
   * where it is; anything else is filled by one copy.
   */
  readonly into: Piece;
}

/** The memory has the chunk's bytes, and zeros behind the chunk's end and in holes: who knows the file's length cuts. */
export interface ChunkReadDone {
  /** How many of the bytes the chunk has. 0 in a hole. */
  readonly bytes: number;
  /** Of the whole chunk; 0 of a chunk that was never written. */
  readonly chunkLength: number;
}

export interface ChunkWrite extends ChunkPlace {
  /** One after another, at least one byte in all; borrowed until the operation has settled. Not copied here. */
  readonly bytes: readonly Piece[];
  /** Of the capability. */
  readonly session: WriteSession;
}

export interface ChunkWriteDone {
  readonly chunkLength: number;
}

/**
 * One open file's place to write from (I8). Made once for each session that metadata gave, and shared by all its writes.
 */
export interface WriteSession {
  readonly id: SessionId;
  /**
   * Writes that were given up and that may still happen, late. Further writes to the same chain make sure first that they
   * do not; before the session is closed, before a truncation, or before anything else relies on it, `settle` does.
   */
  readonly unsettled: number;
}

export interface ChunkOptions extends SignalOptions {
  /** For all of it, tries included. Default: the settings' `timeoutMs`. */
  readonly timeoutMs?: number;
  /** Default `foreground`. */
  readonly trafficClass?: TrafficClass;
}

export interface ChunkReadOptions extends ChunkOptions {
  /** Any replica's committed bytes will do, also older ones than somebody has seen (I3). Default no. */
  readonly relaxed?: boolean;
}

/**
 * Items' errors are `FsError`s, or what `renew` rejected with:
 *
 * - `ETIMEDOUT` (kind `unknown-outcome`): not done in time, whatever was in the way; the reason has the last refusal. A
 *   write may still happen.
 * - `ENOSPC`: the target is full. Nothing was written.
 * - `EIO`: the bytes are damaged on every replica.
 * - `ESTALE`: the session was revoked: open the file again.
 * - `EACCES`: this cluster did not sign the capability.
 * - `EBADF`: the capability does not allow this: it is for other data, or not for writing.
 * - `EINVAL`: storage says that the item makes no sense.
 *
 * An abort rejects with `signal.reason`, as soon as none of the caller's memory is used any more: at once, unless bytes
 * are just arriving in or leaving from it. Aborted writes are unsettled, aborted reads leave nothing behind.
 */
export interface ChunkIo {
  read(
    items: readonly ChunkRead[],
    options?: ChunkReadOptions,
  ): Promise<readonly Result<ChunkReadDone, PondError>[]>;

  /** Each item that is done is with all replicas, as durably as their settings say (I2). */
  write(
    items: readonly ChunkWrite[],
    options?: ChunkOptions,
  ): Promise<readonly Result<ChunkWriteDone, PondError>[]>;

  openSession(id: SessionId): WriteSession;

  /**
   * When it has resolved, no write of the session that was given up before the call happens any more; each has happened
   * or never will. Rejects with `ETIMEDOUT` if a chain could not be asked: then the session must not be closed, for what
   * is late would come to data that may be gone. A revoked session is settled.
   */
  settle(session: WriteSession, options?: ChunkOptions): Promise<void>;
}
