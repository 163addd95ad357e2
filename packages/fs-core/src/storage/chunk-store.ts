/**
 * The chunks of one target, on one directory of a disk.
 *
 *   superblock      whose directory it is
 *   boot            whether it was left in order
 *   blocks/         c20-0003.blocks: blocks of 2^20 bytes; c20-0003.sums: the CRC-32C of each of their 4 KiB pages
 *   journal/        every change, in order, in segments of one size
 *   checkpoint/     the index as it was, in shards, and a manifest that names them
 *
 * In memory are the index of what is committed (44 bytes a chunk), versions that are pending, and images of pages that are
 * committed and not in their blocks yet. Which blocks are free follows from the index and is on no disk.
 *
 * Order of writes, and why no crash loses what was acknowledged or serves what is torn:
 *
 * - *An update in a block of its own* (new chunks, large overwrites): bytes into a free block; sync; record with the block and
 *   all checksums; sync; told. Until the record is durable nothing refers to the block.
 * - *A patch* (overwrites of up to 64 KiB, the partial last page): whole pages stand in the record itself. Pages behind the
 *   chunk's end go into the block first and are synced, like above; nothing that is committed lies there.
 * - *A commit* is a record. Once it is durable the version is current in memory; the block it replaced is free when the last
 *   reader has left. The images of a patch are written to the block afterwards, when no reader expects the old bytes; until
 *   they are, reads take them from memory. A crash in the middle of such a write finds commit and images in the journal and
 *   writes them again, so a torn page is never the only copy.
 * - *Checksums* of pages change in memory and in the journal. A checkpoint writes them to their files.
 * - *A checkpoint* begins a segment, writes down what only older segments hold, syncs blocks and checksums, writes the
 *   index, and counts once its manifest is renamed into place. Only then older segments go.
 *
 * The journal writes a batch only after the one before is synced. So bytes that are no batch at its very end are what a
 * crash left of something unacknowledged, and anything else that is damaged is refused (I12). Bytes of chunks are checked
 * page by page whenever they are read (I9).
 *
 * Any write or sync that fails for another reason than a full disk ends the store (`STORE_FAILED`): after a failed sync only
 * reading back tells what is there, and opening again does that.
 */
import { assert, type Clock, type Disk, isPondError, type Probes, type SignalOptions } from "@smallpond/base";
import type { ChainVersion, RequestId, SessionId } from "../ids.ts";
import type { Logger } from "../service/log.ts";
import type { PageBuffers } from "./blocks/page-buffers.ts";
import type { DedupeEntry } from "./journal/records.ts";
import { assertKey, type ChunkKey, type ChunkVersion, type FileData } from "./model/chunk.ts";
import { storeBusy, storeClosed, storeFailed } from "./model/errors.ts";
import type { Crc } from "./model/pages.ts";
import { type CommitOutcome, commit, discard } from "./ops/commit.ts";
import { compact } from "./ops/compact.ts";
import { forgetDue, type Notes, noteTruncated, pagesOfNotes, revoke, takeNotes } from "./ops/notes.ts";
import {
  type ChunkState,
  holes,
  type LastChunk,
  lastChunk,
  listChunks,
  pendingChunks,
  stateOf,
} from "./ops/query.ts";
import { type ChunkRead, type ReadRange, read, readLatest } from "./ops/read.ts";
import { type RangeRemoval, removeChunks, removeRange } from "./ops/remove-range.ts";
import { type ReplaceRequest, replace } from "./ops/replace.ts";
import { type ScrubPage, scrub } from "./ops/scrub.ts";
import { type PreparedUpdate, type UpdateOptions, type UpdateOutcome, update } from "./ops/update.ts";
import { type StoreSettings, storeSettings } from "./settings.ts";
import { Housekeeping } from "./store/housekeeping.ts";
import { type OpenedStore, openStore } from "./store/open-store.ts";
import { record, type StoreBug, type StoreParts } from "./store/parts.ts";
import type { UpdateOperation } from "./store/plan-update.ts";
import type { RevokedSession } from "./store/revoked-table.ts";
import type { TruncatedFile } from "./store/truncated-table.ts";
import type { Superblock } from "./target/superblock.ts";

export interface StoreDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly crc: Crc;
  readonly buffers: PageBuffers;
  readonly probes: Probes;
  readonly log: Logger;
}

export interface StorePlace {
  readonly directory: string;
  readonly cluster: string;
  readonly target: number;
  /** Changes with every start of the machine. */
  readonly bootId: string;
  /** For tests of the tests. */
  readonly bug?: StoreBug;
}

/** What opening found. */
export interface OpeningReport {
  readonly superblock: Superblock;
  readonly chunks: number;
  /** Batches of the journal that were read back. */
  readonly batches: number;
  /** See `Recovered.isTailTorn`. */
  readonly isTailTorn: boolean;
  /**
   * False where acknowledged updates may be missing: a `replicated` target after a power cut (I2), until `markComplete`.
   */
  readonly isComplete: boolean;
}

export interface SpaceUsed {
  readonly chunks: number;
  readonly pendings: number;
  /** Bytes of blocks in use. */
  readonly usedBytes: number;
  /** Bytes of files of blocks. */
  readonly reservedBytes: number;
  /** Bytes free on the disk. */
  readonly freeBytes: number;
  /** What of them clients' new chunks may take: all but the reserve. */
  readonly usableBytes: number;
  /** Memory of the index. */
  readonly indexBytes: number;
  /** Images that are not in their blocks yet. */
  readonly redoBytes: number;
}

export class ChunkStore implements AsyncDisposable {
  readonly opened: OpeningReport;
  readonly #parts: StoreParts;
  readonly #opened: OpenedStore;
  readonly #housekeeping: Housekeeping;
  readonly #operations: Set<Promise<unknown>> = new Set();
  #closing: Promise<void> | undefined;

  private constructor(opened: OpenedStore, deps: StoreDeps) {
    this.#opened = opened;
    this.#parts = opened.parts;
    this.opened = opened.report;
    this.#housekeeping = new Housekeeping({ opened, log: deps.log });
  }

  /** Opens a formatted target and reads back what it holds. */
  static async open(
    deps: StoreDeps,
    settings: Partial<StoreSettings>,
    place: StorePlace,
  ): Promise<ChunkStore> {
    const opened = await openStore(deps, storeSettings(settings), place);
    return new ChunkStore(opened, deps);
  }

  /** Why the store takes nothing more, if it does not. */
  get failure(): unknown {
    return this.#opened.failure() ?? this.#parts.journal.failure;
  }

  /** Prepares an update of a chunk; bytes are borrowed until it settles. */
  update(key: ChunkKey, operation: UpdateOperation, options: UpdateOptions = {}): Promise<UpdateOutcome> {
    return this.#run(() => update(this.#parts, key, { operation, options }));
  }

  /**
   * Makes a pending version current. With `mayWait` that is so at once, and durable with what is written next or a few
   * milliseconds later: until then a crash makes the version pending again, which is as durable as it was.
   */
  commit(
    key: ChunkKey,
    version: ChunkVersion,
    options: { readonly chainVersion: ChainVersion; readonly mayWait?: boolean },
  ): Promise<CommitOutcome> {
    return this.#run(() => commit(this.#parts, key, { version, ...options }));
  }

  /** Gives a pending version up; false when it is not pending. */
  discard(key: ChunkKey, version: ChunkVersion): Promise<boolean> {
    return this.#run(() => discard(this.#parts, key, version));
  }

  /** Takes a chunk over from another replica with that one's versions; bytes are borrowed until it settles. */
  replace(key: ChunkKey, request: ReplaceRequest): Promise<PreparedUpdate> {
    return this.#run(() => replace(this.#parts, key, request));
  }

  /** Committed bytes; undefined for a chunk that is not there. Whoever gets them releases them. Throws `CHUNK_CORRUPT`. */
  read(key: ChunkKey, range: ReadRange): Promise<ChunkRead | undefined> {
    return this.#run(() => read(this.#parts, key, range), { reads: true });
  }

  /** All bytes of the latest version, pending or not. */
  readLatest(key: ChunkKey): Promise<ChunkRead | undefined> {
    return this.#run(() => readLatest(this.#parts, key), { reads: true });
  }

  state(key: ChunkKey): ChunkState | undefined {
    assertKey(key);
    return stateOf(this.#parts.state, key);
  }

  /** Every chunk with a pending version, in order. */
  pendings(): readonly ChunkState[] {
    return pendingChunks(this.#parts.state);
  }

  lastChunk(file: FileData): LastChunk {
    return lastChunk(this.#parts.state, file);
  }

  /** At most `limit` chunks in order, from `from` on: what replicas are compared by. */
  list(from: ChunkKey | undefined, limit: number): readonly ChunkState[] {
    return listChunks(this.#parts.state, from, limit);
  }

  /** Runs of numbers without a committed chunk. */
  holes(
    file: FileData,
    range: { readonly from: number; readonly to: number },
  ): readonly { readonly from: number; readonly to: number }[] {
    return holes(this.#parts.state, file, range);
  }

  /** Removes chunks of a file, committed and pending, from `from` to below `to`; call again while there is more. */
  removeRange(
    file: FileData,
    range: { readonly from: number; readonly to: number; readonly limit: number },
  ): Promise<RangeRemoval> {
    return this.#run(() => removeRange(this.#parts, file, range));
  }

  /** Removes these chunks of a file, as far as they are there: at most 4096 at once. */
  removeChunks(file: FileData, chunks: readonly number[]): Promise<void> {
    return this.#run(() => removeChunks(this.#parts, file, chunks));
  }

  /** The last request of a channel, with its answer. */
  answerTo(session: SessionId, channel: number): DedupeEntry | undefined {
    return this.#parts.state.dedupe.get(session, channel);
  }

  /** Every remembered answer. */
  answers(): readonly DedupeEntry[] {
    return [...this.#parts.state.dedupe.entries()];
  }

  /** Remembers an answer that belongs to no update of this replica, durably. */
  remember(entry: DedupeEntry & { readonly request: RequestId }): Promise<void> {
    return this.#run(() => record(this.#parts, { kind: "remember", ...entry }));
  }

  /** Forgets what a session was answered. */
  forgetSession(session: SessionId): Promise<void> {
    return this.#run(() => record(this.#parts, { kind: "forget-session", session }));
  }

  /** Notes durably that nothing of the sessions is done any more, until a time by the wall clock (I11). */
  revoke(revocation: { readonly sessions: readonly SessionId[]; readonly untilMs: number }): Promise<void> {
    return this.#run(() => revoke(this.#parts, revocation));
  }

  isRevoked(session: SessionId): boolean {
    return this.#parts.state.revoked.has(session);
  }

  revocations(): readonly RevokedSession[] {
    return [...this.#parts.state.revoked.entries()];
  }

  /** Notes durably that truncations of the file up to this version are done; a lower one than before changes nothing. */
  noteTruncated(note: TruncatedFile): Promise<void> {
    return this.#run(() => noteTruncated(this.#parts, note));
  }

  /** Up to which version the file is truncated, as long as it has chunks here or its removal was not asked for. */
  truncatedUpTo(file: FileData): number | undefined {
    return this.#parts.state.truncated.get(file);
  }

  truncations(): readonly TruncatedFile[] {
    return [...this.#parts.state.truncated.entries()];
  }

  /** Answers, revocations and truncations, so many at a time: what a replica that catches up is sent. */
  notes(limit: number): Iterable<Notes> {
    return pagesOfNotes(this.#parts, limit);
  }

  /** Takes notes of another replica over, durably, a few thousand at once; what is known to be newer stays. */
  takeNotes(notes: Notes): Promise<void> {
    return this.#run(() => takeNotes(this.#parts, notes));
  }

  /** Forgets answers, revocations and truncations, durably: those of a predecessor take their place. */
  resetNotes(): Promise<void> {
    return this.#run(() => record(this.#parts, { kind: "reset-notes" }));
  }

  /** Forgets some of what is due by the wall clock; call it now and then. How many. */
  forgetDue(wallMs: number): number {
    if (this.#closing !== undefined) throw storeClosed();
    return forgetDue(this.#parts, wallMs);
  }

  /** Makes everything durable that was told. */
  flush(): Promise<void> {
    return this.#run(() => this.#housekeeping.flush());
  }

  /** Writes a checkpoint now; waits for one under way. */
  checkpoint(): Promise<void> {
    return this.#run(() => this.#housekeeping.checkpoint());
  }

  /** Reads chunks back, at most `limit` from `from` on, and tells which are damaged. */
  scrub(from: ChunkKey | undefined, limit: number): Promise<ScrubPage> {
    return this.#run(() => scrub(this.#parts, from, limit), { reads: true });
  }

  /** A chunk about that part of the way through all of them, from 0 to below 1. */
  keyNear(part: number): ChunkKey | undefined {
    return this.#parts.state.index.keyNear(part);
  }

  /** Moves chunks out of sparsely used ends of files, at most `bytes` of them, and gives free ends back; bytes given. */
  compact(options: { readonly bytes: number } & SignalOptions): Promise<number> {
    return this.#run(() => compact(this.#parts, options));
  }

  /** Gives the space of free blocks back to the disk, at most about `bytes`; how much. 0 where the disk cannot. */
  punch(options: { readonly bytes: number }): Promise<number> {
    return this.#run(() => this.#parts.space.punch(options.bytes));
  }

  /** Says that whatever a power cut took is here again. */
  markComplete(): Promise<void> {
    return this.#run(() => this.#opened.mark({ isClosed: false, isComplete: true }));
  }

  /** Says that what is here is of no moment any more: it is being replaced, piece by piece, until `markComplete`. */
  markIncomplete(): Promise<void> {
    return this.#run(() => this.#opened.mark({ isClosed: false, isComplete: false }));
  }

  /** Bytes of blocks in use, from memory. */
  get usedBytes(): number {
    return this.#parts.space.usedBytes;
  }

  async space(): Promise<SpaceUsed> {
    const { state, space, files, settings } = this.#parts;
    const freeBytes = await this.#opened.freeBytes();
    return {
      chunks: state.index.size,
      pendings: state.pendings.size,
      usedBytes: space.usedBytes,
      reservedBytes: files.reservedBytes,
      freeBytes,
      usableBytes: Math.max(0, freeBytes - settings.reserveBytes),
      indexBytes: state.index.bytes,
      redoBytes: state.redo.bytes,
    };
  }

  /** When every committed image is in its block. */
  async settled(): Promise<void> {
    await this.#parts.journal.sync();
    await this.#parts.applier.idle();
  }

  /** Waits for operations under way and leaves everything durable. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#operations);
    await this.#housekeeping.stop();
    await this.#opened.close(this.failure === undefined);
    assert(this.#parts.space.pinCount === 0, "nobody holds a block of a store that is closed");
  }

  async #run<T>(work: () => Promise<T>, options: { readonly reads?: boolean } = {}): Promise<T> {
    if (this.#closing !== undefined) throw storeClosed();
    // What is in memory and in blocks stays readable until the store is opened again.
    if (this.failure !== undefined && options.reads !== true) throw storeFailed(this.failure);
    const { operationsMax } = this.#parts.settings;
    if (this.#operations.size >= operationsMax) throw storeBusy(`${operationsMax} operations`);
    const running = work();
    this.#operations.add(running);
    try {
      return await running;
    } catch (error) {
      throw this.#judged(error, options.reads === true);
    } finally {
      this.#operations.delete(running);
      if (options.reads !== true) this.#housekeeping.wake();
    }
  }

  /** A failed write or sync of blocks ends the store; a full disk and a failed read do not. */
  #judged(error: unknown, reads: boolean): unknown {
    if (reads || !isPondError(error, "EIO") || error.kind !== "unknown-outcome") return error;
    this.#parts.fail(error);
    return storeFailed(error);
  }
}
