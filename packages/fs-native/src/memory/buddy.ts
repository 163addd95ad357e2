/**
 * A buddy allocator over one region (Knowlton 1965): blocks are powers of two of `blockBytesMin`, a block's buddy is found
 * by flipping one bit of its offset, and two free buddies become one block again. Offsets are bytes.
 */
import { assert } from "@smallpond/base";

export class BuddyAllocator {
  readonly regionBytes: number;
  readonly #blockBytesMin: number;
  /** Free offsets by order; order 0 is the smallest block. */
  readonly #free: Set<number>[];
  #freeBytes: number;

  constructor({ regionBytes, blockBytesMin }: { regionBytes: number; blockBytesMin: number }) {
    const orders = Math.log2(regionBytes / blockBytesMin);
    assert(Number.isInteger(orders), "a region is a power of two of the smallest block");
    this.regionBytes = regionBytes;
    this.#blockBytesMin = blockBytesMin;
    this.#free = Array.from({ length: orders + 1 }, () => new Set<number>());
    this.#free[orders]!.add(0);
    this.#freeBytes = regionBytes;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** The block that `bytes` need. */
  blockBytes(bytes: number): number {
    return this.#blockBytesMin * 2 ** this.#orderOf(bytes);
  }

  /** The offset of a block for `bytes`, or undefined when none is free. */
  take(bytes: number): number | undefined {
    const wanted = this.#orderOf(bytes);
    let order = wanted;
    while (order < this.#free.length && this.#free[order]!.size === 0) order++;
    if (order >= this.#free.length) return undefined;
    const [offset] = this.#free[order]!;
    this.#free[order]!.delete(offset!);
    for (; order > wanted; order--) this.#free[order - 1]!.add(offset! + this.#bytesOf(order - 1));
    this.#freeBytes -= this.#bytesOf(wanted);
    return offset!;
  }

  /** Takes back what `take(bytes)` gave. */
  give(offset: number, bytes: number): void {
    let order = this.#orderOf(bytes);
    let start = offset;
    this.#freeBytes += this.#bytesOf(order);
    for (; order < this.#free.length - 1; order++) {
      const buddy = start ^ this.#bytesOf(order);
      if (!this.#free[order]!.delete(buddy)) break;
      start = Math.min(start, buddy);
    }
    assert(!this.#free[order]!.has(start), "a block is given back once");
    this.#free[order]!.add(start);
  }

  #orderOf(bytes: number): number {
    return Math.max(0, Math.ceil(Math.log2(bytes / this.#blockBytesMin)));
  }

  #bytesOf(order: number): number {
    return this.#blockBytesMin * 2 ** order;
  }
}
