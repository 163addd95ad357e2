/**
 * Pages that are committed and whose bytes may not be in their block yet. Reads take them from here; they are written to
 * the block in the background, and again after a crash, for as long as the journal that holds them is there.
 *
 * They belong to a chunk and to the block it had: when the chunk moves to another block they are void, and are never written
 * over what the old one holds next.
 */
import type { PageImage } from "../journal/records.ts";
import { type ChunkKey, keyText } from "../model/chunk.ts";
import { PAGE_BYTES } from "../model/pages.ts";

export interface Redo {
  readonly key: ChunkKey;
  readonly block: number;
  /** By page. Never changed: what was added or done makes another. */
  readonly images: ReadonlyMap<number, Uint8Array>;
  /** The journal's batch that committed the newest of them. */
  readonly batch: bigint;
}

export class RedoTable {
  readonly #byChunk: Map<string, Redo> = new Map();
  #pages = 0;

  get bytes(): number {
    return this.#pages * PAGE_BYTES;
  }

  get size(): number {
    return this.#byChunk.size;
  }

  get(key: ChunkKey): Redo | undefined {
    return this.#byChunk.get(keyText(key));
  }

  all(): readonly Redo[] {
    return [...this.#byChunk.values()];
  }

  add(key: ChunkKey, redo: { block: number; images: readonly PageImage[]; batch: bigint }): void {
    if (redo.images.length === 0) return;
    const before = this.get(key);
    const images = new Map(before?.block === redo.block ? before.images : undefined);
    for (const { page, bytes } of redo.images) images.set(page, bytes);
    this.#set({ key, block: redo.block, images, batch: redo.batch });
  }

  /** The chunk has fewer pages now: what lies behind is void. */
  cut(key: ChunkKey, pages: number): void {
    const before = this.get(key);
    if (before === undefined) return;
    const images = new Map([...before.images].filter(([page]) => page < pages));
    if (images.size < before.images.size) this.#set({ ...before, images });
  }

  /** These bytes are in the block; pages that have others since stay. */
  done(written: Redo): void {
    const now = this.get(written.key);
    if (now === undefined || now.block !== written.block) return;
    const images = new Map([...now.images].filter(([page, bytes]) => written.images.get(page) !== bytes));
    this.#set({ ...now, images });
  }

  drop(key: ChunkKey): void {
    const before = this.get(key);
    if (before !== undefined) this.#set({ ...before, images: new Map() });
  }

  #set(redo: Redo): void {
    const text = keyText(redo.key);
    this.#pages += redo.images.size - (this.#byChunk.get(text)?.images.size ?? 0);
    if (redo.images.size === 0) this.#byChunk.delete(text);
    else this.#byChunk.set(text, redo);
  }
}
