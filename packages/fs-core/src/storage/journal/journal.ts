/**
 * The journal: every change of the store in order, as batches that are each written and synced in one piece while the next
 * one gathers. What a record says is true from the moment its callback runs, and callbacks run in the order of the journal.
 *
 * A record that may wait is told in its turn without being written: it goes with the next batch, or alone when none comes
 * soon. A crash before that takes it back, and nothing that was told later and is durable: that would have carried it.
 *
 * Any failure but a full disk ends it: after a failed sync nobody knows what is durable, and the only honest thing left is
 * to read it back.
 */
import { assert, type Clock, type Timer } from "@smallpond/base";
import { ByteWriter } from "../../wire/codec/index.ts";
import { storeClosed, storeFailed, storeFull } from "../model/errors.ts";
import type { Crc } from "../model/pages.ts";
import { FRAME_ALIGN, FRAME_HEAD_BYTES, frameBytes, makeFrame, putFrame } from "./frame.ts";
import { type StoreRecord, storeRecord } from "./records.ts";
import { SEGMENT_HEAD_BYTES } from "./segment.ts";
import type { OpenSegment, SegmentFiles } from "./segment-files.ts";

export interface JournalSettings {
  /** `fsync`: a record is told when it is durable. `replicated`: when it is written; `sync` makes it durable. */
  readonly durability: "fsync" | "replicated";
  readonly segmentBytes: number;
  /** Records of one batch, unless a single one is longer. */
  readonly batchBytesMax: number;
  /** Idle for so long, it notes behind the last batch that this one was synced. */
  readonly sealMs: number;
  readonly target: number;
  readonly salt: bigint;
}

export interface JournalDeps {
  readonly clock: Pick<Clock, "timer">;
  readonly crc: Crc;
  readonly files: SegmentFiles;
}

/** Where a journal goes on: what stands before is durable, and only zeros or a seal behind. */
export interface JournalEnd {
  readonly segment: number;
  readonly position: number;
  readonly nextBatch: bigint;
}

interface Entry {
  /** Undefined for what only waits for its turn. */
  readonly bytes: Uint8Array | undefined;
  readonly begins: boolean;
  readonly mayWait: boolean;
  readonly told: (batch: bigint) => void;
  readonly failed: (error: unknown) => void;
}

interface DurableWaiter {
  readonly batch: bigint;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const ZERO_HEAD: Readonly<Uint8Array> = new Uint8Array(FRAME_HEAD_BYTES);

export class Journal {
  readonly #clock: Pick<Clock, "timer">;
  readonly #crc: Crc;
  readonly #files: SegmentFiles;
  readonly #settings: JournalSettings;
  readonly #queue: Entry[] = [];
  readonly #writer: ByteWriter = new ByteWriter();
  /** Told, and to be written with the next batch. */
  #carried: Uint8Array[] = [];
  #carriedBytes = 0;
  #durableWaiters: DurableWaiter[] = [];
  #carryTimer: Timer | undefined;
  #open: OpenSegment;
  #position: number;
  #nextBatch: bigint;
  #syncedBatch: bigint;
  #sealedBatch: bigint;
  #sealTimer: Timer | undefined;
  #bytesWritten = 0;
  #pumping: Promise<void> | undefined;
  #failure: unknown;
  #closed = false;

  private constructor(
    deps: JournalDeps,
    settings: JournalSettings,
    start: { readonly open: OpenSegment; readonly position: number; readonly nextBatch: bigint },
  ) {
    this.#clock = deps.clock;
    this.#crc = deps.crc;
    this.#files = deps.files;
    this.#settings = settings;
    this.#open = start.open;
    this.#position = start.position;
    this.#nextBatch = start.nextBatch;
    this.#syncedBatch = start.nextBatch - 1n;
    this.#sealedBatch = this.#syncedBatch;
  }

  /** Goes on in the last segment, so that a start takes no space: a full disk could not give it. */
  static async resume(deps: JournalDeps, settings: JournalSettings, from: JournalEnd): Promise<Journal> {
    assert(settings.batchBytesMax * 2 <= settings.segmentBytes, "a segment has room for two batches");
    const { segment, position, nextBatch } = from;
    return new Journal(deps, settings, { open: await deps.files.open(segment), position, nextBatch });
  }

  /** Bytes written since it was opened. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  get segment(): number {
    return this.#open.segment;
  }

  /** Bytes that fit for sure. */
  get roomBytes(): number {
    const spareBytes = this.#files.isSpareReady ? this.#settings.segmentBytes : 0;
    return this.#open.bytes - this.#position - this.#carriedBytes + spareBytes;
  }

  /** The last batch that is durable. */
  get syncedBatch(): bigint {
    return this.#syncedBatch;
  }

  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Adds a record. `told` runs, before the promise resolves, when the record is as durable as the setting says, or in its
   * turn if it may wait. A failure is `STORE_FULL` when nothing was written, else `STORE_FAILED`.
   */
  append(
    record: StoreRecord,
    told: (batch: bigint) => void,
    { mayWait = false }: { readonly mayWait?: boolean } = {},
  ): Promise<void> {
    this.#writer.reset();
    storeRecord.write(this.#writer, record);
    const bytes = this.#writer.finish();
    return this.#enqueue({ bytes, begins: false, mayWait, told });
  }

  /** Tries for the space of the next segment again, in the background. */
  makeRoom(): void {
    if (!this.#closed) void this.#files.prepare().catch(() => {});
  }

  /** Begins a new segment; `told` runs when all records before are told and none behind is. */
  rotate(told: (begun: { readonly segment: number; readonly firstBatch: bigint }) => void): Promise<void> {
    const tell = (batch: bigint): void => told({ segment: this.segment, firstBatch: batch + 1n });
    return this.#enqueue({ bytes: undefined, begins: true, mayWait: false, told: tell });
  }

  /** Removes segments that a checkpoint has made needless. */
  removeBefore(segment: number): Promise<void> {
    return this.#files.removeBefore(segment);
  }

  /** Makes all that was told durable. */
  async sync(): Promise<void> {
    const isFsync = this.#settings.durability === "fsync";
    if (isFsync && this.#carried.length === 0) return;
    await this.#enqueue({ bytes: undefined, begins: false, mayWait: false, told: () => {} });
    if (isFsync) return;
    if (this.#syncedBatch === this.#nextBatch - 1n) return;
    const batch = this.#nextBatch - 1n;
    const { file } = this.#open;
    try {
      await file.datasync();
    } catch (error) {
      throw this.#fail(error);
    }
    if (batch > this.#syncedBatch) this.#syncedBatch = batch;
  }

  /** Returns when that batch is durable, without hurrying it where it comes soon by itself. */
  async durable(batch: bigint): Promise<void> {
    if (this.#syncedBatch >= batch) return;
    if (this.#settings.durability !== "fsync") return await this.sync();
    if (this.#failure !== undefined) throw storeFailed(this.#failure);
    await new Promise<void>((resolve, reject) => this.#durableWaiters.push({ batch, resolve, reject }));
  }

  /** Writes what waits, seals, and lets the file go. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#sealTimer?.cancel();
    this.#carryTimer?.cancel();
    await this.#pumping;
    if (this.#failure === undefined) {
      await this.#writeOut([]);
      await this.#seal();
      await this.#open.file.sync();
    }
    await this.#files.idle();
    await this.#open.file.close();
  }

  /** Lets the file go as it is. */
  async abandon(): Promise<void> {
    this.#closed = true;
    this.#sealTimer?.cancel();
    this.#carryTimer?.cancel();
    await this.#pumping?.catch(() => {});
    this.#tellDurable(storeClosed());
    await this.#files.idle();
    await this.#open.file.close();
  }

  #enqueue(entry: Omit<Entry, "failed">): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(storeFailed(this.#failure));
    if (this.#closed) return Promise.reject(storeClosed());
    return new Promise((resolve, reject) => {
      const told = (batch: bigint): void => {
        entry.told(batch);
        resolve();
      };
      this.#queue.push({ ...entry, told, failed: reject });
      this.#pumping ??= this.#pump();
    });
  }

  async #pump(): Promise<void> {
    // Whoever appends in the same turn shares the first batch.
    await Promise.resolve();
    while (this.#queue.length > 0 && this.#failure === undefined) {
      const batch = this.#takeBatch();
      try {
        await this.#write(batch);
      } catch (error) {
        this.#fail(error);
        for (const { failed } of batch) failed(storeFailed(error));
      }
    }
    for (const { failed } of this.#queue.splice(0)) failed(storeFailed(this.#failure));
    this.#pumping = undefined;
    if (this.#failure !== undefined || this.#closed) return;
    if (this.#carried.length > 0) this.#writeSoon();
    this.#sealSoon();
  }

  /** As many as fit; a rotation stands alone. */
  #takeBatch(): Entry[] {
    let bytes = this.#carriedBytes;
    let count = 0;
    for (const entry of this.#queue) {
      if (entry.begins && count > 0) break;
      bytes += entry.bytes?.length ?? 0;
      if (count > 0 && bytes > this.#settings.batchBytesMax) break;
      count += 1;
      if (entry.begins) break;
    }
    return this.#queue.splice(0, count);
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    if (this.#carry(entries)) return;
    // What is told before a rotation stands before it.
    const isWritten = entries[0]!.begins
      ? (await this.#writeOut([])) && (await this.#beginSegment())
      : await this.#writeOut(entries);
    if (!isWritten) {
      for (const { failed } of entries) failed(storeFull("the journal"));
      return;
    }
    for (const { told } of entries) told(this.#nextBatch - 1n);
  }

  /** Tells records that may all wait, and keeps them for the next batch. */
  #carry(entries: readonly Entry[]): boolean {
    const { durability, batchBytesMax } = this.#settings;
    if (durability !== "fsync" || !entries.every(({ mayWait }) => mayWait)) return false;
    const bytes = bytesOf(entries);
    if (this.#carriedBytes + bytes > batchBytesMax / 4) return false;
    for (const entry of entries) {
      this.#carried.push(entry.bytes!);
      entry.told(this.#nextBatch);
    }
    this.#carriedBytes += bytes;
    return true;
  }

  /** What is carried, and these behind it; false when there is no space for a segment, and nothing was done. */
  async #writeOut(entries: readonly Entry[]): Promise<boolean> {
    const payloadBytes = this.#carriedBytes + bytesOf(entries);
    if (payloadBytes === 0) return true;
    if (this.#position + frameBytes(payloadBytes) > this.#open.bytes) {
      if (!(await this.#beginSegment())) return false;
    }
    await this.#writeBatch(entries, payloadBytes);
    return true;
  }

  async #writeBatch(entries: readonly Entry[], payloadBytes: number): Promise<void> {
    this.#writer.reset();
    this.#writer.raw(ZERO_HEAD as Uint8Array);
    for (const bytes of this.#carried) this.#writer.raw(bytes);
    for (const { bytes } of entries) if (bytes !== undefined) this.#writer.raw(bytes);
    const size = frameBytes(payloadBytes);
    this.#writer.raw(new Uint8Array(size - FRAME_HEAD_BYTES - payloadBytes));
    const frame = this.#writer.finish();
    putFrame(this.#crc, frame, { batch: this.#nextBatch, salt: this.#settings.salt, payloadBytes });
    await this.#open.file.writeAt(frame, this.#position);
    if (this.#settings.durability === "fsync") {
      await this.#open.file.datasync();
      this.#syncedBatch = this.#nextBatch;
    }
    this.#position += size;
    this.#bytesWritten += size;
    this.#nextBatch += 1n;
    this.#carried = [];
    this.#carriedBytes = 0;
    this.#tellDurable(undefined);
  }

  #tellDurable(error: unknown): void {
    const waiters = this.#durableWaiters;
    this.#durableWaiters = [];
    for (const waiter of waiters) {
      if (error !== undefined) waiter.reject(error);
      else if (waiter.batch <= this.#syncedBatch) waiter.resolve();
      else this.#durableWaiters.push(waiter);
    }
  }

  /** When nothing else is written soon. */
  #writeSoon(): void {
    if (this.#carryTimer !== undefined) return;
    const write = (): void => {
      this.#carryTimer = undefined;
      if (!this.#closed) void this.sync().catch(() => {});
    };
    this.#carryTimer = this.#clock.timer(this.#settings.sealMs, write).unref();
  }

  async #beginSegment(): Promise<boolean> {
    const before = this.#open.file;
    // What is void behind the end of a segment is told apart from damage by the next one's first batch, so all of this one
    // is durable before the next begins.
    await before.datasync();
    this.#syncedBatch = this.#nextBatch - 1n;
    const segment = this.segment + 1;
    const { target } = this.#settings;
    const begun = await this.#files.begin({ target, segment, firstBatch: this.#nextBatch });
    if (begun === undefined) return false;
    this.#open = begun;
    this.#position = SEGMENT_HEAD_BYTES;
    await before.close();
    // The next one is made while this one fills. Its failure shows when it is needed.
    void this.#files.prepare().catch(() => {});
    return true;
  }

  #sealSoon(): void {
    const batch = this.#nextBatch - 1n;
    if (this.#sealTimer !== undefined || batch === this.#sealedBatch || this.#syncedBatch !== batch) return;
    const sealIfIdle = (): void => {
      this.#sealTimer = undefined;
      if (this.#pumping !== undefined || this.#closed) return;
      if (this.#nextBatch - 1n !== batch) {
        this.#sealSoon();
        return;
      }
      this.#pumping = this.#seal()
        .catch((error: unknown) => void this.#fail(error))
        .then(() => this.#pump());
    };
    this.#sealTimer = this.#clock.timer(this.#settings.sealMs, sealIfIdle).unref();
  }

  /** Says that the last batch was synced, so that damage to it is not taken for a torn tail. The next batch takes its place. */
  async #seal(): Promise<void> {
    const batch = this.#nextBatch - 1n;
    if (batch === this.#sealedBatch || this.#position + FRAME_ALIGN > this.#open.bytes) return;
    if (this.#syncedBatch !== batch) await this.#open.file.datasync();
    this.#syncedBatch = batch;
    const seal = makeFrame(this.#crc, new Uint8Array(0), { batch, salt: this.#settings.salt });
    await this.#open.file.writeAt(seal, this.#position);
    this.#sealedBatch = batch;
  }

  #fail(error: unknown): unknown {
    this.#failure ??= error;
    this.#tellDurable(storeFailed(error));
    return storeFailed(error);
  }
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
}
