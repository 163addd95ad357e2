/** Up to 256 records in order, packed into one piece of memory. */
import type { CommittedChunk } from "../model/chunk.ts";
import { compareAt, type PackedKey, putRecord, RECORD_WORDS } from "./packed.ts";

export const LEAF_RECORDS = 256;

export class Leaf {
  readonly words: Uint32Array = new Uint32Array(LEAF_RECORDS * RECORD_WORDS);
  count = 0;

  get isFull(): boolean {
    return this.count === LEAF_RECORDS;
  }

  /** The place of the first record that is not before the key. */
  lowerBound(key: PackedKey): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(this.words, middle * RECORD_WORDS, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(place: number, key: PackedKey): boolean {
    return place < this.count && compareAt(this.words, place * RECORD_WORDS, key) === 0;
  }

  set(place: number, key: PackedKey, chunk: CommittedChunk): void {
    putRecord(this.words, place * RECORD_WORDS, key, chunk);
  }

  insert(place: number, key: PackedKey, chunk: CommittedChunk): void {
    const at = place * RECORD_WORDS;
    this.words.copyWithin(at + RECORD_WORDS, at, this.count * RECORD_WORDS);
    this.count += 1;
    this.set(place, key, chunk);
  }

  remove(place: number): void {
    const at = place * RECORD_WORDS;
    this.words.copyWithin(at, at + RECORD_WORDS, this.count * RECORD_WORDS);
    this.count -= 1;
  }

  /** Moves the records from `place` on into a new leaf. */
  split(place: number): Leaf {
    const right = new Leaf();
    right.append(this.words.subarray(place * RECORD_WORDS, this.count * RECORD_WORDS));
    this.count = place;
    return right;
  }

  append(words: Uint32Array): void {
    this.words.set(words, this.count * RECORD_WORDS);
    this.count += words.length / RECORD_WORDS;
  }

  get view(): Uint32Array {
    return this.words.subarray(0, this.count * RECORD_WORDS);
  }
}
