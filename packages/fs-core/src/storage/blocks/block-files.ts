/**
 * The files that blocks lie in, a few of each class, and beside each one the checksums of its pages. Files are grown ahead
 * of use and stay open.
 */
import { assert, type Disk, type DiskFile, isPondError } from "@smallpond/base";
import { blockId, bytesOf, CLASS_MAX, CLASS_MIN, classOf, indexOf, sumBytesOf } from "./block-id.ts";
import { FileSync } from "./file-sync.ts";

export interface BlockFileSettings {
  readonly blockFileBytes: number;
}

interface OpenFile {
  readonly file: DiskFile;
  readonly sync: FileSync;
}

interface FilePair {
  readonly blocks: OpenFile;
  /** Blocks of one page have none. */
  readonly sums: OpenFile | undefined;
  /** Blocks there is room for. */
  capacity: number;
}

export class BlockFiles {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #settings: BlockFileSettings;
  readonly #files: Map<number, FilePair[]> = new Map();

  constructor(deps: { readonly disk: Disk }, directory: string, settings: BlockFileSettings) {
    this.#disk = deps.disk;
    this.#directory = directory;
    this.#settings = settings;
  }

  /** Opens what is there. */
  async open(): Promise<void> {
    const names = (await this.#disk.readdir(this.#directory)).map(({ name }) => name);
    for (const name of names) {
      const match = /^c(\d\d)-(\d{4})\.blocks$/.exec(name);
      if (match === null) continue;
      const sizeClass = Number(match[1]);
      const pairs = this.#pairsOf(sizeClass);
      // Names come in order, so a gap is a file that somebody took.
      assert(Number(match[2]) === pairs.length, `${name} is not the next file of its class`);
      const pair = await this.#openPair(sizeClass, pairs.length);
      pair.capacity = Math.floor((await pair.blocks.file.size()) / 2 ** sizeClass);
      pairs.push(pair);
    }
    for (const [sizeClass, pairs] of this.#files) {
      for (const pair of pairs.slice(0, -1)) {
        // A power cut in the middle of giving space back may leave one short that others follow.
        if (pair.capacity < this.#perFile(sizeClass))
          await this.#resize(pair, sizeClass, this.#perFile(sizeClass));
      }
    }
  }

  /** Blocks that all files of a class have room for. */
  capacityOf(sizeClass: number): number {
    const pairs = this.#pairsOf(sizeClass);
    const last = pairs.at(-1);
    return last === undefined ? 0 : (pairs.length - 1) * this.#perFile(sizeClass) + last.capacity;
  }

  /** Bytes of all files of blocks. */
  get reservedBytes(): number {
    let bytes = 0;
    for (const [sizeClass, pairs] of this.#files) {
      for (const { capacity } of pairs) bytes += capacity * 2 ** sizeClass;
    }
    return bytes;
  }

  /** Makes room for more blocks of a class, at most `count` in the last file or the first of a new one; how many there are now. */
  async grow(sizeClass: number, count: number): Promise<number> {
    const pairs = this.#pairsOf(sizeClass);
    let last = pairs.at(-1);
    if (last === undefined || last.capacity === this.#perFile(sizeClass)) {
      last = await this.#openPair(sizeClass, pairs.length, { create: true });
      await this.#disk.syncDirectory(this.#directory);
      pairs.push(last);
    }
    const capacity = Math.min(this.#perFile(sizeClass), last.capacity + count);
    await this.#resize(last, sizeClass, capacity);
    // A file is full before the next one begins, also after a power cut.
    await last.blocks.sync.sync();
    await last.sums?.sync.sync();
    return this.capacityOf(sizeClass);
  }

  /** Gives back the space behind the last of `capacity` blocks of a class, as far as whole files and their ends go. */
  async shrink(sizeClass: number, capacity: number): Promise<void> {
    const pairs = this.#pairsOf(sizeClass);
    const perFile = this.#perFile(sizeClass);
    for (let number = pairs.length - 1; number >= 0; number--) {
      const keep = Math.max(0, Math.min(perFile, capacity - number * perFile));
      const pair = pairs[number]!;
      if (keep < pair.capacity) await this.#resize(pair, sizeClass, keep);
      if (keep > 0) break;
      // An empty file keeps its place: the next block of the class goes there.
    }
    // Files behind the first empty one go, so that names have no gaps.
    while (pairs.length > 1 && pairs.at(-1)!.capacity === 0) {
      const gone = pairs.pop()!;
      await gone.blocks.file.close();
      await gone.sums?.file.close();
      await this.#disk.unlink(gone.blocks.file.path);
      if (gone.sums !== undefined) await this.#disk.unlink(gone.sums.file.path);
      await this.#disk.syncDirectory(this.#directory);
    }
  }

  /** Whole pages, at a page of the block. */
  async write(block: number, bytes: Uint8Array, offset: number): Promise<void> {
    const { pair, at } = this.#find(block);
    assert(offset + bytes.length <= bytesOf(block), "a write stays in its block");
    pair.blocks.sync.touch();
    await pair.blocks.file.writeAt(bytes, at * bytesOf(block) + offset);
    pair.blocks.sync.touch();
  }

  /** Bytes read; fewer than asked for when the file is shorter than it was. */
  read(block: number, into: Uint8Array, offset: number): Promise<number> {
    const { pair, at } = this.#find(block);
    assert(offset + into.length <= bytesOf(block), "a read stays in its block");
    return pair.blocks.file.readAt(into, at * bytesOf(block) + offset);
  }

  /** Gives the space of blocks side by side back, as far as they lie in one file; how many that are. Nobody uses them. */
  async punch(block: number, count: number): Promise<number> {
    const { pair, at } = this.#find(block);
    const { file, sync } = pair.blocks;
    if (file.punchHole === undefined) return 0;
    const inFile = Math.min(count, pair.capacity - at);
    sync.touch();
    await file.punchHole(at * bytesOf(block), inFile * bytesOf(block));
    return inFile;
  }

  /** Makes durable what was written to the block. */
  sync(block: number): Promise<void> {
    return this.#find(block).pair.blocks.sync.sync();
  }

  /** Checksums of the block's pages as they are on disk. */
  async readSums(block: number): Promise<Uint32Array> {
    const { pair, at } = this.#find(block);
    assert(pair.sums !== undefined, "blocks of one page keep no checksums");
    const bytes = new Uint8Array(sumBytesOf(block));
    await pair.sums.file.readAt(bytes, at * bytes.length);
    const view = new DataView(bytes.buffer);
    return Uint32Array.from({ length: bytes.length / 4 }, (_, page) => view.getUint32(4 * page, true));
  }

  async writeSums(block: number, sums: Uint32Array): Promise<void> {
    const { pair, at } = this.#find(block);
    assert(pair.sums !== undefined, "blocks of one page keep no checksums");
    assert(sums.length * 4 === sumBytesOf(block), "all checksums of a block are written");
    const bytes = new Uint8Array(sums.length * 4);
    const view = new DataView(bytes.buffer);
    for (let page = 0; page < sums.length; page++) view.setUint32(4 * page, sums[page]!, true);
    pair.sums.sync.touch();
    await pair.sums.file.writeAt(bytes, at * bytes.length);
    pair.sums.sync.touch();
  }

  /** Makes durable whatever was written to any file. */
  async syncAll(): Promise<void> {
    for (const pairs of [...this.#files.values()]) {
      for (const { blocks, sums } of [...pairs]) {
        if (blocks.sync.isDirty) await blocks.sync.sync();
        if (sums?.sync.isDirty) await sums.sync.sync();
      }
    }
  }

  async close(): Promise<void> {
    for (const pairs of this.#files.values()) {
      for (const { blocks, sums } of pairs) {
        await blocks.file.close();
        await sums?.file.close();
      }
    }
    this.#files.clear();
  }

  #perFile(sizeClass: number): number {
    return Math.max(1, Math.floor(this.#settings.blockFileBytes / 2 ** sizeClass));
  }

  #pairsOf(sizeClass: number): FilePair[] {
    assert(sizeClass >= CLASS_MIN && sizeClass <= CLASS_MAX, `not a class of blocks: ${sizeClass}`);
    const pairs = this.#files.get(sizeClass) ?? [];
    this.#files.set(sizeClass, pairs);
    return pairs;
  }

  #find(block: number): { readonly pair: FilePair; readonly at: number } {
    const perFile = this.#perFile(classOf(block));
    const pair = this.#pairsOf(classOf(block))[Math.floor(indexOf(block) / perFile)];
    const at = indexOf(block) % perFile;
    assert(pair !== undefined && at < pair.capacity, `there is no block ${block}`);
    return { pair, at };
  }

  async #resize(pair: FilePair, sizeClass: number, capacity: number): Promise<void> {
    const { file } = pair.blocks;
    await file.truncate(capacity * 2 ** sizeClass);
    const added = (capacity - pair.capacity) * 2 ** sizeClass;
    if (added > 0) await file.allocate?.(pair.capacity * 2 ** sizeClass, added);
    const sumBytes = sumBytesOf(blockId(sizeClass, 0));
    await pair.sums?.file.truncate(capacity * sumBytes);
    pair.blocks.sync.touch();
    pair.sums?.sync.touch();
    pair.capacity = capacity;
  }

  async #openPair(sizeClass: number, number: number, options: { create?: boolean } = {}): Promise<FilePair> {
    const stem = `${this.#directory}/c${sizeClass}-${number.toString().padStart(4, "0")}`;
    const blocks = await this.#disk.open(`${stem}.blocks`, {
      read: true,
      write: true,
      create: options.create ?? false,
      writesPastCache: true,
    });
    try {
      // A crash may have come between the two names.
      const sums =
        sizeClass === CLASS_MIN
          ? undefined
          : await this.#disk.open(`${stem}.sums`, { read: true, write: true, create: true });
      return {
        blocks: { file: blocks, sync: new FileSync(blocks) },
        sums: sums === undefined ? undefined : { file: sums, sync: new FileSync(sums) },
        capacity: 0,
      };
    } catch (error) {
      await blocks.close();
      throw error;
    }
  }
}

/** Whether a call failed because no space is left. */
export function isFull(error: unknown): boolean {
  return isPondError(error, "ENOSPC") || isPondError(error, "EDQUOT");
}
