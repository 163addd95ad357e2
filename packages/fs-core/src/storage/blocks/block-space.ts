/**
 * Which blocks are in use, by how many, and where new ones come from. A block that is given back is used again only when
 * nobody reads it any more and the journal's word that it is free is durable: until then, what is on disk may still name it.
 */
import { assert } from "@smallpond/base";
import { storeFull } from "../model/errors.ts";
import { type BlockFiles, isFull } from "./block-files.ts";
import { blockId, bytesOf, CLASS_MAX, CLASS_MIN, classFor, classOf, indexOf } from "./block-id.ts";
import { ClassAllocator } from "./class-allocator.ts";
import { type Pin, Pins } from "./pins.ts";

export interface BlockSpaceDeps {
  readonly files: BlockFiles;
  /** Bytes free on the disk. */
  readonly freeBytes: () => Promise<number>;
  /** The last batch of the journal that is durable. */
  readonly syncedBatch: () => bigint;
}

export interface BlockSpaceSettings {
  readonly growBytes: number;
  readonly reserveBytes: number;
}

/** Given back at once. */
const PUNCH_BYTES = 16 * 2 ** 20;

interface Waiting {
  readonly block: number;
  readonly batch: bigint;
}

export class BlockSpace {
  readonly #deps: BlockSpaceDeps;
  readonly #settings: BlockSpaceSettings;
  readonly #classes: Map<number, ClassAllocator> = new Map();
  /** Of blocks that more than one chunk has. */
  readonly #shared: Map<number, number> = new Map();
  /** Classes whose files are being grown or cut. */
  readonly #growing: Map<number, Promise<void>> = new Map();
  readonly #pins: Pins;
  /** Given back, and waiting for readers and for the journal. */
  #waiting: Waiting[] = [];

  constructor(deps: BlockSpaceDeps, settings: BlockSpaceSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#pins = new Pins({ freed: () => this.sweep() });
  }

  /** Bytes of blocks in use, and of those given back that are not free yet. */
  get usedBytes(): number {
    let bytes = 0;
    for (const [sizeClass, allocator] of this.#classes) bytes += allocator.used * 2 ** sizeClass;
    return bytes;
  }

  /** Blocks that were given back and are not free yet. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /**
   * Takes over what the files have room for, and which blocks are in use, one call for each chunk that has one. Files that
   * are too short for them grow: their bytes are gone, and reading tells.
   */
  async load(each: (visit: (sizeClass: number, index: number) => void) => void): Promise<void> {
    const needed = new Float64Array(CLASS_MAX + 1);
    each((sizeClass, index) => {
      if (index >= needed[sizeClass]!) needed[sizeClass] = index + 1;
    });
    for (let sizeClass = CLASS_MIN; sizeClass <= CLASS_MAX; sizeClass++) {
      let capacity = this.#deps.files.capacityOf(sizeClass);
      while (capacity < needed[sizeClass]!) {
        capacity = await this.#deps.files.grow(sizeClass, needed[sizeClass]! - capacity);
      }
      if (capacity > 0) this.allocatorOf(sizeClass).grow(capacity);
    }
    const allocators = Array.from({ length: CLASS_MAX + 1 }, (_, sizeClass) => this.#classes.get(sizeClass));
    each((sizeClass, index) => {
      if (!allocators[sizeClass]!.load(index)) this.refer(blockId(sizeClass, index));
    });
    for (const allocator of this.#classes.values()) allocator.loaded();
  }

  allocatorOf(sizeClass: number): ClassAllocator {
    let allocator = this.#classes.get(sizeClass);
    if (allocator === undefined) {
      allocator = new ClassAllocator();
      this.#classes.set(sizeClass, allocator);
    }
    return allocator;
  }

  /** One more chunk has a block that is in use. */
  refer(block: number): void {
    assert(this.allocatorOf(classOf(block)).isUsed(indexOf(block)), `block ${block} is in use`);
    this.#shared.set(block, (this.#shared.get(block) ?? 1) + 1);
  }

  /** Whether one chunk alone has the block. */
  isSole(block: number): boolean {
    return !this.#shared.has(block);
  }

  /**
   * A block of at least that many bytes, right behind `near` if that is free. `STORE_FULL` when the files have to grow and the
   * disk is too full for it: below the reserve for those who may be refused, at all for others.
   */
  async take(
    bytes: number,
    options: { readonly near?: number | undefined; readonly mayRefuse: boolean },
  ): Promise<number> {
    const sizeClass = classFor(bytes);
    const allocator = this.allocatorOf(sizeClass);
    const near =
      options.near !== undefined && classOf(options.near) === sizeClass ? indexOf(options.near) : undefined;
    for (;;) {
      const index = allocator.take(near);
      if (index !== undefined) return blockId(sizeClass, index);
      if (this.#sweepFor(allocator)) continue;
      if (options.mayRefuse) await this.#demandRoom(sizeClass);
      await this.#grow(sizeClass);
    }
  }

  /** Takes this very block, which is free. */
  takeAt(block: number): number {
    this.allocatorOf(classOf(block)).mark(indexOf(block));
    return block;
  }

  /** One chunk less has the block, as of a batch of the journal. */
  release(block: number, batch: bigint): void {
    const shared = this.#shared.get(block);
    if (shared !== undefined) {
      if (shared === 2) this.#shared.delete(block);
      else this.#shared.set(block, shared - 1);
      return;
    }
    this.#waiting.push({ block, batch });
    this.sweep();
  }

  /** Frees what nobody waits for any more. */
  sweep(): void {
    if (this.#waiting.length === 0) return;
    const synced = this.#deps.syncedBatch();
    this.#waiting = this.#waiting.filter(({ block, batch }) => {
      if (batch > synced || this.#pins.has(block)) return true;
      this.allocatorOf(classOf(block)).give(indexOf(block));
      return false;
    });
  }

  /** Whether the allocator has more than before. */
  #sweepFor(allocator: ClassAllocator): boolean {
    const before = allocator.used;
    this.sweep();
    return allocator.used < before;
  }

  pin(block: number): Pin {
    return this.#pins.take(block);
  }

  /** When those who look at the block now have left. */
  drained(block: number): Promise<void> {
    return this.#pins.drained(block);
  }

  get pinCount(): number {
    return this.#pins.count;
  }

  /** Gives the ends of files back, as far as they are free, leaving what the next growth would bring. */
  async shrink(): Promise<number> {
    let given = 0;
    for (const [sizeClass, allocator] of this.#classes) {
      const spare = this.#growBlocks(sizeClass);
      const surplus = allocator.freeAtEnd() - spare;
      if (surplus <= 0 || this.#growing.has(sizeClass)) continue;
      // The allocator first: nobody is given a block whose file is being cut, and who needs more waits as for growth.
      const capacity = allocator.capacity - surplus;
      allocator.shrink(capacity);
      const cutting = this.#deps.files.shrink(sizeClass, capacity).finally(() => {
        this.#growing.delete(sizeClass);
      });
      this.#growing.set(sizeClass, cutting);
      await cutting;
      given += surplus * 2 ** sizeClass;
    }
    return given;
  }

  /** Gives the space of free blocks back, at most about `bytes`; how much that was. Files keep their size. */
  async punch(bytes: number): Promise<number> {
    let given = 0;
    for (const [sizeClass, allocator] of this.#classes) {
      const blockBytes = 2 ** sizeClass;
      let from = 0;
      while (given < bytes && !this.#growing.has(sizeClass)) {
        // Taken meanwhile, so that nobody writes to what is about to be emptied.
        const run = allocator.takeFull(from, Math.max(1, Math.floor(PUNCH_BYTES / blockBytes)));
        if (run === undefined) break;
        const { first } = run;
        let count = 0;
        try {
          count = await this.#deps.files.punch(blockId(sizeClass, first), run.count);
        } finally {
          allocator.giveHollow({ first, count });
          for (let block = first + count; block < first + run.count; block++) allocator.give(block);
        }
        if (count === 0) return given;
        given += count * blockBytes;
        from = first + count;
      }
    }
    return given;
  }

  async #demandRoom(sizeClass: number): Promise<void> {
    const free = await this.#deps.freeBytes();
    const needed = this.#growBlocks(sizeClass) * 2 ** sizeClass;
    if (free < this.#settings.reserveBytes + needed) throw storeFull("a new chunk");
  }

  #growBlocks(sizeClass: number): number {
    return Math.max(1, Math.floor(this.#settings.growBytes / 2 ** sizeClass));
  }

  /** Once for all who need it. */
  #grow(sizeClass: number): Promise<void> {
    let growing = this.#growing.get(sizeClass);
    if (growing === undefined) {
      growing = this.#growNow(sizeClass).finally(() => this.#growing.delete(sizeClass));
      this.#growing.set(sizeClass, growing);
    }
    return growing;
  }

  async #growNow(sizeClass: number): Promise<void> {
    const allocator = this.allocatorOf(sizeClass);
    try {
      const capacity = await this.#deps.files.grow(sizeClass, this.#growBlocks(sizeClass));
      assert(capacity > allocator.capacity, `class ${sizeClass} has more blocks`);
      allocator.grow(capacity);
    } catch (error) {
      if (isFull(error)) throw storeFull(`blocks of ${bytesOf(blockId(sizeClass, 0))} bytes`, error);
      throw error;
    }
  }
}
