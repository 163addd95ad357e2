/**
 * Which blocks of one class are in use. Groups of 256 blocks, each a bitmap of 256 bits: a new block comes from the fullest group
 * that has one, so that others become empty and their space can be given back; in it from right behind a block the
 * caller names, so that neighbours in a file are neighbours on disk.
 *
 * All of it follows from the index of chunks and is rebuilt from there: nothing here is on disk, and nothing can
 * disagree with the index.
 */
import { assert } from "@smallpond/base";

export const GROUP_BLOCKS = 256;
const GROUP_WORDS = GROUP_BLOCKS / 32;

export class ClassAllocator {
  #bits: Uint32Array = new Uint32Array(GROUP_WORDS);
  /** Blocks that are free and have no bytes on disk. */
  #hollow: Uint32Array = new Uint32Array(GROUP_WORDS);
  /** Blocks in use, by group. */
  #used: Uint16Array = new Uint16Array(1);
  /** Groups by how many of their blocks are in use; those without a block to give are in none. */
  readonly #byUsed: Set<number>[] = Array.from({ length: GROUP_BLOCKS + 1 }, () => new Set<number>());
  /** Blocks there are, in use or not. */
  #capacity = 0;
  #usedTotal = 0;

  get capacity(): number {
    return this.#capacity;
  }

  get used(): number {
    return this.#usedTotal;
  }

  get free(): number {
    return this.#capacity - this.#usedTotal;
  }

  isUsed(block: number): boolean {
    return block < this.#capacity && (this.#bits[block >>> 5]! & (1 << (block & 31))) !== 0;
  }

  /** There are more blocks now. */
  grow(capacity: number): void {
    assert(capacity >= this.#capacity, "an allocator grows by more blocks");
    const firstGroup = Math.max(0, Math.floor(this.#capacity / GROUP_BLOCKS));
    const groups = Math.ceil(capacity / GROUP_BLOCKS);
    this.#reserve(groups);
    this.#capacity = capacity;
    for (let group = firstGroup; group < groups; group++) this.#file(group);
  }

  /** The file was cut: blocks from `capacity` on, none of them in use, are gone. */
  shrink(capacity: number): void {
    for (let block = capacity; block < this.#capacity; block++) {
      assert(!this.isUsed(block), `block ${block} is in use`);
    }
    const groups = Math.ceil(this.#capacity / GROUP_BLOCKS);
    const first = Math.floor(capacity / GROUP_BLOCKS);
    for (let group = first; group < groups; group++) this.#byUsed[this.#used[group]!]!.delete(group);
    this.#capacity = capacity;
    for (let group = first; group < Math.ceil(capacity / GROUP_BLOCKS); group++) this.#file(group);
  }

  /** Takes a free block, right behind `near` if that one is; undefined when all are in use. */
  take(near?: number): number | undefined {
    if (near !== undefined && near + 1 < this.#capacity && !this.isUsed(near + 1)) {
      this.mark(near + 1);
      return near + 1;
    }
    for (let used = GROUP_BLOCKS - 1; used >= 0; used--) {
      for (const group of this.#byUsed[used]!) {
        const block = this.#firstFree(group);
        this.mark(block);
        return block;
      }
    }
    return undefined;
  }

  /** Says that a block is in use. */
  mark(block: number): void {
    assert(block < this.#capacity, `there is no block ${block}`);
    assert(!this.isUsed(block), `block ${block} is in use already`);
    this.#bits[block >>> 5]! |= 1 << (block & 31);
    this.#hollow[block >>> 5]! &= ~(1 << (block & 31));
    this.#count(block, 1);
  }

  /** Says that a block is in use, while all that are in use are told; `loaded` ends it. False when it was told before. */
  load(block: number): boolean {
    // Millions of calls: no message is made that nobody reads.
    assert(block < this.#capacity, "a block that is in use is there");
    const bit = 1 << (block & 31);
    if ((this.#bits[block >>> 5]! & bit) !== 0) return false;
    this.#bits[block >>> 5]! |= bit;
    this.#used[Math.floor(block / GROUP_BLOCKS)]! += 1;
    this.#usedTotal += 1;
    return true;
  }

  loaded(): void {
    for (const groups of this.#byUsed) groups.clear();
    for (let group = 0; group < Math.ceil(this.#capacity / GROUP_BLOCKS); group++) this.#file(group);
  }

  give(block: number): void {
    assert(this.isUsed(block), `block ${block} is not in use`);
    this.#bits[block >>> 5]! &= ~(1 << (block & 31));
    this.#count(block, -1);
  }

  /** Takes the first run of at most `count` free blocks from `from` on that may have bytes on disk. */
  takeFull(from: number, count: number): { readonly first: number; readonly count: number } | undefined {
    const isFull = (block: number): boolean =>
      !this.isUsed(block) && (this.#hollow[block >>> 5]! & (1 << (block & 31))) === 0;
    let first = from;
    while (first < this.#capacity && !isFull(first)) first += 1;
    let end = first;
    while (end < this.#capacity && end - first < count && isFull(end)) this.mark(end++);
    return end === first ? undefined : { first, count: end - first };
  }

  /** Gives a run back whose bytes are gone from the disk. */
  giveHollow({ first, count }: { readonly first: number; readonly count: number }): void {
    for (let block = first; block < first + count; block++) {
      this.give(block);
      this.#hollow[block >>> 5]! |= 1 << (block & 31);
    }
  }

  /** The free block with the lowest number. */
  firstFree(): number | undefined {
    for (let word = 0; word * 32 < this.#capacity; word++) {
      const free = ~this.#bits[word]!;
      if (free === 0) continue;
      const block = word * 32 + (31 - Math.clz32(free & -free));
      return block < this.#capacity ? block : undefined;
    }
    return undefined;
  }

  /** How many blocks behind the last one in use are free. */
  freeAtEnd(): number {
    let block = this.#capacity;
    while (block > 0 && !this.isUsed(block - 1)) block -= 1;
    return this.#capacity - block;
  }

  /** Groups with blocks in use, emptiest first, at most `count`. */
  emptiest(count: number): readonly { readonly group: number; readonly used: number }[] {
    const found: { group: number; used: number }[] = [];
    for (let used = 1; used < GROUP_BLOCKS && found.length < count; used++) {
      for (const group of this.#byUsed[used]!) {
        if (found.length >= count) break;
        found.push({ group, used });
      }
    }
    return found;
  }

  #count(block: number, difference: 1 | -1): void {
    const group = Math.floor(block / GROUP_BLOCKS);
    this.#byUsed[this.#used[group]!]!.delete(group);
    this.#used[group]! += difference;
    this.#usedTotal += difference;
    this.#file(group);
  }

  #file(group: number): void {
    const used = this.#used[group]!;
    const there = Math.min(GROUP_BLOCKS, this.#capacity - group * GROUP_BLOCKS);
    if (used < there) this.#byUsed[used]!.add(group);
    else this.#byUsed[used]!.delete(group);
  }

  #firstFree(group: number): number {
    for (let word = group * GROUP_WORDS; word < (group + 1) * GROUP_WORDS; word++) {
      const free = ~this.#bits[word]!;
      if (free === 0) continue;
      const block = word * 32 + (31 - Math.clz32(free & -free));
      if (block < this.#capacity) return block;
    }
    assert(false, `group ${group} has no free block`);
  }

  #reserve(groups: number): void {
    if (groups <= this.#used.length) return;
    const room = Math.max(groups, this.#used.length * 2);
    const bits = new Uint32Array(room * GROUP_WORDS);
    bits.set(this.#bits);
    this.#bits = bits;
    const hollow = new Uint32Array(room * GROUP_WORDS);
    hollow.set(this.#hollow);
    this.#hollow = hollow;
    const used = new Uint16Array(room);
    used.set(this.#used);
    this.#used = used;
  }
}
