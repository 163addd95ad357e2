/**
 * Reads ahead of whoever reads a file from front to back through one handle. Nothing is read ahead while somebody has the
 * file open to write, as far as is known, and what was read ahead is dropped after `freshMs`: other clients' writes would
 * not be seen in it. Random reads drop it too.
 */
import type { SignalOptions } from "@smallpond/base";
import type { BufferLease } from "@smallpond/fs-native";
import { unlessAborted } from "../abort.ts";
import { LONG_AGO } from "../asking.ts";
import type { FsContext } from "../context.ts";
import { type FileView, isSameData, type OpenFile } from "../open-file.ts";
import { readMany } from "./read-many.ts";

interface Block {
  readonly start: number;
  readonly end: number;
  readonly lease: BufferLease;
  readonly view: FileView;
  readonly begunMs: number;
  /** How many of its bytes are there; fewer than asked for if reading went wrong or the file ended. */
  readonly filled: Promise<number>;
  isFilled: boolean;
  isDropped: boolean;
  users: number;
}

/** Reads in a row before anything is read ahead. */
const STREAK = 2;
const WINDOW_READS = 4;

export class ReadAhead {
  readonly #context: FsContext;
  readonly #file: OpenFile;
  #blocks: Block[] = [];
  #next = 0;
  #streak = 0;
  #window = 0;

  constructor(context: FsContext, file: OpenFile) {
    this.#context = context;
    this.#file = file;
  }

  /** Fills `into` from its start with what was read ahead, if that is right there. The count of bytes, perhaps 0. */
  async take(offset: number, into: Uint8Array, { signal }: SignalOptions): Promise<number> {
    this.#note(offset, into.length);
    let count = 0;
    while (count < into.length) {
      const at = offset + count;
      const block = this.#blocks.find(({ start, end }) => start <= at && at < end);
      if (block === undefined || !this.#isGood(block)) break;
      block.users += 1;
      try {
        const filled = await unlessAborted(block.filled, signal);
        const bytes = Math.min(block.start + filled - at, into.length - count);
        if (bytes <= 0 || !this.#isGood(block)) break;
        into.set(block.lease.view.subarray(at - block.start, at - block.start + bytes), count);
        count += bytes;
        // Whoever reads on from here does not come back to it.
        if (at + bytes >= block.end) this.#drop([block]);
      } finally {
        block.users -= 1;
        this.#release(block);
      }
    }
    return count;
  }

  /** Forgets all of it. Its memory goes when nobody reads into it any more. */
  drop(): void {
    this.#drop(this.#blocks);
    this.#window = 0;
  }

  /** Called in the order of the reads, before anything is waited for. */
  #note(offset: number, bytes: number): void {
    const isNext = offset === this.#next;
    this.#next = offset + bytes;
    if (!isNext) {
      this.#streak = 0;
      this.drop();
      return;
    }
    this.#streak += 1;
    this.#drop(this.#blocks.filter((block) => block.end <= offset || !this.#isGood(block)));
    if (this.#streak < STREAK || this.#mayChange()) return;
    const { readAheadBytes } = this.#context.settings;
    this.#window = Math.min(readAheadBytes, Math.max(2 * this.#window, WINDOW_READS * bytes));
    this.#fetch(this.#next, this.#next + this.#window);
  }

  #fetch(from: number, to: number): void {
    const { readAheadBlockBytes: blockBytes, readAheadBytes } = this.#context.settings;
    const { file } = this.#file.view;
    const end = Math.min(to, Number(file.length));
    const last = this.#blocks.at(-1);
    let start = last === undefined ? from : Math.max(from, last.end);
    let ahead = this.#blocks.reduce((sum, { lease }) => sum + lease.length, 0);
    while (start < end && ahead < readAheadBytes) {
      // Up to the next multiple, which no chunk's end is inside of; the file's end is.
      const stop = Math.min((Math.floor(start / blockBytes) + 1) * blockBytes, Number(file.length));
      if (!this.#begin(start, stop)) return;
      ahead += stop - start;
      start = stop;
    }
  }

  #begin(start: number, end: number): boolean {
    const { ahead, pool, clock } = this.#context;
    const bytes = end - start;
    if (!ahead.tryTake(bytes)) return false;
    const lease = bytes > pool.settings.regionBytes ? undefined : pool.tryTake(bytes);
    if (lease === undefined) {
      ahead.give(bytes);
      return false;
    }
    const task = { file: this.#file, offset: BigInt(start), into: lease };
    const filled = readMany(this.#context, [task]).then(
      ([count]) => count!,
      // Whoever comes to it reads for himself, and is told.
      () => 0,
    );
    const block: Block = {
      start,
      end,
      lease,
      view: this.#file.view,
      begunMs: clock.monotonicMs(),
      filled,
      isFilled: false,
      isDropped: false,
      users: 0,
    };
    void filled.then(() => {
      block.isFilled = true;
      this.#release(block);
    });
    this.#blocks.push(block);
    return true;
  }

  #mayChange(): boolean {
    const { view, inode } = this.#file;
    const { settings, local, bug } = this.#context;
    if (bug === "stale-ahead") return view.content !== undefined;
    if (settings.readAheadBytes === 0 || settings.freshMs === 0) return true;
    return view.content !== undefined || view.file.written || local.isWritten(inode);
  }

  #isGood(block: Block): boolean {
    const { clock, settings, bug } = this.#context;
    if (block.isDropped || this.#mayChange()) return false;
    if (bug === "stale-ahead") return true;
    if (clock.monotonicMs() - block.begunMs > settings.freshMs) return false;
    const { view } = this.#file;
    return isSameData(view, block.view) && view.asked !== LONG_AGO;
  }

  #drop(blocks: readonly Block[]): void {
    this.#blocks = this.#blocks.filter((block) => !blocks.includes(block));
    for (const block of blocks) {
      block.isDropped = true;
      this.#release(block);
    }
  }

  #release(block: Block): void {
    if (!block.isDropped || !block.isFilled || block.users > 0 || !block.lease.isHeld) return;
    block.lease.release();
    this.#context.ahead.give(block.end - block.start);
  }
}
