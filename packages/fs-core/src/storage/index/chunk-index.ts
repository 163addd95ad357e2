/**
 * What is committed: every chunk of the target in the order of inode, version of the data and number, so that a file's last
 * chunk, a range to remove and a comparison with another replica are each a search or a scan. 44 bytes a chunk, in leaves of
 * 256 records; no object a chunk.
 */
import { assert } from "@smallpond/base";
import type { ChunkKey, CommittedChunk, FileData } from "../model/chunk.ts";
import { LEAF_RECORDS, Leaf } from "./leaf.ts";
import {
  chunkAt,
  compareAt,
  isOfFile,
  keyAt,
  lengthAt,
  type PackedKey,
  packKey,
  RECORD_BYTES,
  RECORD_WORDS,
} from "./packed.ts";

export interface IndexedChunk {
  readonly key: ChunkKey;
  readonly chunk: CommittedChunk;
}

export class ChunkIndex {
  /** In order; none is empty. */
  readonly #leaves: Leaf[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Memory that the records take. */
  get bytes(): number {
    return this.#leaves.length * LEAF_RECORDS * RECORD_BYTES;
  }

  get(key: ChunkKey): CommittedChunk | undefined {
    const packed = packKey(key);
    const leaf = this.#leaves[this.#leafFor(packed)];
    const place = leaf?.lowerBound(packed) ?? 0;
    return leaf?.has(place, packed) ? chunkAt(leaf.words, place * RECORD_WORDS) : undefined;
  }

  put(key: ChunkKey, chunk: CommittedChunk): void {
    const packed = packKey(key);
    if (this.#leaves.length === 0) this.#leaves.push(new Leaf());
    const number = this.#leafFor(packed);
    const leaf = this.#leaves[number]!;
    const place = leaf.lowerBound(packed);
    if (leaf.has(place, packed)) {
      leaf.set(place, packed, chunk);
      return;
    }
    this.#size += 1;
    if (!leaf.isFull) {
      leaf.insert(place, packed, chunk);
      return;
    }
    // Files mostly grow at their end: what comes behind a full leaf begins a new one, and the full one stays full.
    const right = place === leaf.count ? new Leaf() : leaf.split(leaf.count >>> 1);
    this.#leaves.splice(number + 1, 0, right);
    const goesRight = place >= leaf.count;
    if (goesRight) right.insert(place - leaf.count, packed, chunk);
    else leaf.insert(place, packed, chunk);
  }

  /** Whether it was there. */
  delete(key: ChunkKey): boolean {
    const packed = packKey(key);
    const number = this.#leafFor(packed);
    const leaf = this.#leaves[number];
    const place = leaf?.lowerBound(packed) ?? 0;
    if (leaf === undefined || !leaf.has(place, packed)) return false;
    leaf.remove(place);
    this.#size -= 1;
    this.#mend(number);
    return true;
  }

  /** The chunk of the file with the highest number, or with the highest of those that have bytes. */
  lastOf(
    file: FileData,
    { withBytes = false }: { readonly withBytes?: boolean } = {},
  ): IndexedChunk | undefined {
    const packed = packKey({ ...file, chunk: 0xffff_ffff });
    let number = this.#leafFor(packed);
    let leaf = this.#leaves[number];
    if (leaf === undefined) return undefined;
    const above = leaf.lowerBound(packed);
    let place = leaf.has(above, packed) ? above : above - 1;
    while (leaf !== undefined) {
      for (; place >= 0; place--) {
        const at = place * RECORD_WORDS;
        if (!isOfFile(leaf.words, at, packed)) return undefined;
        if (withBytes && lengthAt(leaf.words, at) === 0) continue;
        return { key: keyAt(leaf.words, at), chunk: chunkAt(leaf.words, at) };
      }
      leaf = this.#leaves[--number];
      place = (leaf?.count ?? 0) - 1;
    }
    return undefined;
  }

  /**
   * The chunks from `from` on, in order. The index may change between two steps: what is added behind the last chunk given
   * is seen, what was given is not given again.
   */
  *from(from?: ChunkKey): Generator<IndexedChunk, void, undefined> {
    let page = this.pageFrom(from, LEAF_RECORDS);
    while (page.length > 0) {
      yield* page;
      page = this.pageFrom(keyAfter(page.at(-1)!.key), LEAF_RECORDS);
    }
  }

  /** At most `limit` chunks from `from` on. */
  pageFrom(from: ChunkKey | undefined, limit: number): readonly IndexedChunk[] {
    const found: IndexedChunk[] = [];
    this.#walk(from, limit, (words, at) => {
      found.push({ key: keyAt(words, at), chunk: chunkAt(words, at) });
    });
    return found;
  }

  /** A chunk about that part of the way through all of them, 0 to 1. */
  keyNear(part: number): ChunkKey | undefined {
    const leaf = this.#leaves[Math.min(this.#leaves.length - 1, Math.floor(part * this.#leaves.length))];
    return leaf === undefined ? undefined : keyAt(leaf.words, 0);
  }

  /** The records of at least `limit` chunks from `from` on, as they are packed; fewer only at the end. */
  packedFrom(from: ChunkKey | undefined, limit: number): Uint32Array {
    const pieces: Uint32Array[] = [];
    let count = 0;
    this.#eachLeaf(from, (words) => {
      pieces.push(words);
      count += words.length / RECORD_WORDS;
      return count < limit;
    });
    const whole = new Uint32Array(count * RECORD_WORDS);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** Adds packed records that all come behind those there are. */
  appendPacked(words: Uint32Array): void {
    for (let at = 0; at < words.length; ) {
      let leaf = this.#leaves.at(-1);
      if (leaf === undefined || leaf.isFull) {
        leaf = new Leaf();
        this.#leaves.push(leaf);
      }
      const end = Math.min(words.length, at + (LEAF_RECORDS - leaf.count) * RECORD_WORDS);
      leaf.append(words.subarray(at, end));
      this.#size += (end - at) / RECORD_WORDS;
      at = end;
    }
  }

  /** Calls back for every record's memory, in order, for those who count. */
  eachPacked(visit: (words: Uint32Array) => void): void {
    for (const leaf of this.#leaves) visit(leaf.view);
  }

  /** Throws unless all records are in order: what is loaded from a disk. */
  assertOrdered(): void {
    let before: PackedKey | undefined;
    for (const leaf of this.#leaves) {
      for (let at = 0; at < leaf.count * RECORD_WORDS; at += RECORD_WORDS) {
        if (before !== undefined) assert(compareAt(leaf.words, at, before) > 0, "the index is out of order");
        before = [leaf.words[at]!, leaf.words[at + 1]!, leaf.words[at + 2]!, leaf.words[at + 3]!];
      }
    }
  }

  #walk(from: ChunkKey | undefined, limit: number, visit: (words: Uint32Array, at: number) => void): void {
    let left = limit;
    this.#eachLeaf(from, (words) => {
      for (let at = 0; at < words.length && left > 0; at += RECORD_WORDS, left--) visit(words, at);
      return left > 0;
    });
  }

  #eachLeaf(from: ChunkKey | undefined, visit: (words: Uint32Array) => boolean): void {
    const packed = from === undefined ? undefined : packKey(from);
    const first = packed === undefined ? 0 : this.#leafFor(packed);
    for (let number = first; number < this.#leaves.length; number++) {
      const leaf = this.#leaves[number]!;
      const place = packed !== undefined && number === first ? leaf.lowerBound(packed) : 0;
      if (place < leaf.count && !visit(leaf.view.subarray(place * RECORD_WORDS))) return;
    }
  }

  /** The last leaf that does not begin behind the key, or the first. */
  #leafFor(key: PackedKey): number {
    let low = 0;
    let high = this.#leaves.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(this.#leaves[middle]!.words, 0, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Takes a leaf out that is empty, or joins it with the next one when both are nearly so. */
  #mend(number: number): void {
    const leaf = this.#leaves[number]!;
    const next = this.#leaves[number + 1];
    if (leaf.count === 0) this.#leaves.splice(number, 1);
    else if (next !== undefined && leaf.count + next.count <= LEAF_RECORDS / 2) {
      leaf.append(next.view);
      this.#leaves.splice(number + 1, 1);
    }
  }
}

/** The least key behind a key. */
export function keyAfter({ inode, dataVersion, chunk }: ChunkKey): ChunkKey {
  if (chunk < 0xffff_ffff) return { inode, dataVersion, chunk: chunk + 1 };
  if (dataVersion < 0xffff_ffff) return { inode, dataVersion: dataVersion + 1, chunk: 0 };
  return { inode: (inode + 1n) as ChunkKey["inode"], dataVersion: 0, chunk: 0 };
}
