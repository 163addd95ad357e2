/**
 * Checksums of pages, by block. On disk they lie in files beside the blocks, written there by checkpoints alone: until then
 * the journal has those that changed, and so has this table. The others are read when they are needed and kept for a while.
 *
 * Arrays are never changed once they are in the table: who holds one keeps the checksums of the version it belongs to.
 */
import { assert } from "@smallpond/base";
import { bytesOf } from "../blocks/block-id.ts";
import { PAGE_BYTES } from "../model/pages.ts";

export interface SumFiles {
  readSums(block: number): Promise<Uint32Array>;
  writeSums(block: number, sums: Uint32Array): Promise<void>;
}

interface Dirty {
  /** All of the block's, or undefined while only some are known: after a recovery. */
  readonly full: Uint32Array | undefined;
  /** What is known to differ from the file. */
  readonly changes: ReadonlyMap<number, number>;
}

const NO_CHANGES: ReadonlyMap<number, number> = new Map<number, number>();

export class SumTable {
  readonly #files: SumFiles;
  readonly #cacheBytes: number;
  /** Changed since the last checkpoint. */
  readonly #dirty: Map<number, Dirty> = new Map();
  /** As on disk; the longest unused first. */
  readonly #clean: Map<number, Uint32Array> = new Map();
  readonly #loads: Map<number, Promise<Uint32Array>> = new Map();
  /** Held against the CRC of their chunk, or made of such. */
  readonly #trusted: WeakSet<Uint32Array> = new WeakSet();
  #cleanBytes = 0;

  constructor(deps: { readonly files: SumFiles }, settings: { readonly sumCacheBytes: number }) {
    this.#files = deps.files;
    this.#cacheBytes = settings.sumCacheBytes;
  }

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  get cleanBytes(): number {
    return this.#cleanBytes;
  }

  /** All checksums of a block that has new bytes (of one page needs none); those behind the last page given mean nothing. */
  set(block: number, sums: Uint32Array): void {
    this.drop(block);
    if (pagesOfBlock(block) === 1) return;
    const full = new Uint32Array(pagesOfBlock(block));
    full.set(sums);
    this.#trusted.add(full);
    this.#dirty.set(block, { full, changes: NO_CHANGES });
  }

  /** Some pages of a block have new bytes. */
  patch(block: number, firstPage: number, sums: Uint32Array): void {
    if (sums.length === 0 || pagesOfBlock(block) === 1) return;
    this.#loads.delete(block);
    const before = this.#dirty.get(block);
    const full = before?.full ?? (before === undefined ? this.#clean.get(block) : undefined);
    this.#forgetClean(block);
    if (full !== undefined) {
      const next = full.slice();
      next.set(sums, firstPage);
      if (this.#trusted.has(full)) this.#trusted.add(next);
      this.#dirty.set(block, { full: next, changes: NO_CHANGES });
      return;
    }
    const changes = new Map(before?.changes);
    for (const [at, sum] of sums.entries()) changes.set(firstPage + at, sum);
    this.#dirty.set(block, { full: undefined, changes });
  }

  /** The block belongs to nobody. */
  drop(block: number): void {
    this.#dirty.delete(block);
    this.#loads.delete(block);
    this.#forgetClean(block);
  }

  /** Whether checksums need not be held against the CRC of their chunk any more. */
  isTrusted(sums: Uint32Array): boolean {
    return this.#trusted.has(sums);
  }

  /** They were, and match. */
  trust(sums: Uint32Array): void {
    this.#trusted.add(sums);
  }

  /** What was read is damaged: the next reader asks the disk again. */
  forget(block: number): void {
    this.#loads.delete(block);
    this.#forgetClean(block);
  }

  /** The checksums of all pages of the block, as they are when it returns or were when it was called. Not to be changed. */
  load(block: number): Promise<Uint32Array> {
    const known = this.#dirty.get(block)?.full ?? this.#touchClean(block);
    if (known !== undefined) return Promise.resolve(known);
    let load = this.#loads.get(block);
    if (load === undefined) {
      load = this.#read(block, () => this.#loads.get(block) === load);
      this.#loads.set(block, load);
    }
    return load;
  }

  /**
   * Writes everything that is not in the files yet, as it is at the time. The files still have to be synced; then call what
   * is returned, which forgets what has not changed since.
   */
  async flush(): Promise<() => void> {
    const written = new Map<number, Uint32Array>();
    // Those that were dirty at the beginning come first, however many are added behind them meanwhile.
    let left = this.#dirty.size;
    for (const block of this.#dirty.keys()) {
      if (left-- === 0) break;
      const sums = await this.#whole(block);
      if (sums === undefined) continue;
      await this.#files.writeSums(block, sums);
      written.set(block, sums);
    }
    return () => {
      for (const [block, sums] of written) {
        if (this.#dirty.get(block)?.full !== sums) continue;
        this.#dirty.delete(block);
        this.#keepClean(block, sums);
      }
    };
  }

  /** All checksums of a block that is dirty. While they are read more may change: what is written has all of it. */
  async #whole(block: number): Promise<Uint32Array | undefined> {
    for (;;) {
      const dirty = this.#dirty.get(block);
      if (dirty === undefined || dirty.full !== undefined) return dirty?.full;
      await this.load(block);
    }
  }

  async #read(block: number, isCurrent: () => boolean): Promise<Uint32Array> {
    try {
      const sums = await this.#files.readSums(block);
      if (!isCurrent()) return sums;
      const dirty = this.#dirty.get(block);
      if (dirty === undefined) this.#keepClean(block, sums);
      else {
        assert(dirty.full === undefined, "whoever sets all checksums ends the reading of them");
        for (const [page, sum] of dirty.changes) sums[page] = sum;
        this.#dirty.set(block, { full: sums, changes: NO_CHANGES });
      }
      return sums;
    } finally {
      if (isCurrent()) this.#loads.delete(block);
    }
  }

  #touchClean(block: number): Uint32Array | undefined {
    const sums = this.#clean.get(block);
    if (sums === undefined) return undefined;
    this.#clean.delete(block);
    this.#clean.set(block, sums);
    return sums;
  }

  #keepClean(block: number, sums: Uint32Array): void {
    this.#forgetClean(block);
    this.#clean.set(block, sums);
    this.#cleanBytes += sums.byteLength;
    for (const oldest of this.#clean.keys()) {
      if (this.#cleanBytes <= this.#cacheBytes) break;
      this.#forgetClean(oldest);
    }
  }

  #forgetClean(block: number): void {
    const sums = this.#clean.get(block);
    if (sums === undefined) return;
    this.#clean.delete(block);
    this.#cleanBytes -= sums.byteLength;
  }
}

function pagesOfBlock(block: number): number {
  return bytesOf(block) / PAGE_BYTES;
}
