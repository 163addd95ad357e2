/**
 * Writes at offsets. Small ones are copied into leases and sent when a piece is full, when many are there, when they are
 * old, or when somebody wants them sent; large ones go straight from the caller's memory, all chunks side by side.
 */
import type { SignalOptions } from "@smallpond/base";
import type { BufferLease, Piece } from "@smallpond/fs-native";
import { fsError } from "../../../meta/model/errors.ts";
import { unlessAborted } from "../abort.ts";
import type { FsContext } from "../context.ts";
import type { LocalWriter } from "../local-files.ts";
import { bytesInAll, partOfAll, viewOf } from "../pieces.ts";
import { type ByteRange, checkOffset, writeEnd } from "../range.ts";
import type { WritableFile } from "../writable-file.ts";
import type { Flights } from "./flights.ts";
import { fill, Gathered, pieceOf, rangeOf, type Segment } from "./gathered.ts";
import { type Extent, send } from "./send.ts";
import type { Written } from "./written.ts";

export interface WriteBehindParts {
  readonly context: FsContext;
  readonly file: WritableFile;
  readonly flights: Flights;
  readonly written: Written;
  /** Whose bytes these are, among those of this client. */
  readonly writer: LocalWriter;
  /** Told of what went wrong with bytes whose write had resolved. */
  readonly onFailure: (error: unknown) => void;
}

/** Memory at least, where nothing says that more comes behind. */
const ALONE_BYTES = 4096;

export class WriteBehind {
  readonly #parts: WriteBehindParts;
  readonly #gathered: Gathered = new Gathered();
  /** Gathered or under way. */
  #dirtyBytes = 0;
  /** Where the last write ended. */
  #end = 0;

  constructor(parts: WriteBehindParts) {
    this.#parts = parts;
  }

  get isDirty(): boolean {
    return this.#gathered.count > 0;
  }

  get sinceMs(): number {
    return this.#gathered.sinceMs;
  }

  touches(range: ByteRange): boolean {
    return this.#gathered.touches(range);
  }

  /** Without an offset: behind the write before. */
  async write(pieces: readonly Piece[], offset: bigint | undefined, options: SignalOptions): Promise<void> {
    const { context } = this.#parts;
    const bytes = bytesInAll(pieces);
    const start = this.#place(bytes, offset);
    const isSequential = start === this.#end;
    this.#end = start + bytes;
    if (bytes === 0) return;
    await this.#afterOthers({ start, end: start + bytes });
    if (bytes >= context.settings.directBytes) return this.#direct({ start, pieces }, options);
    let at = 0;
    for (const piece of pieces) {
      for (let rest = viewOf(piece); rest.length > 0; ) {
        const count = await this.#gather(start + at, rest, isSequential || at > 0, options);
        if (count === 0)
          return this.#direct({ start: start + at, pieces: partOfAll(pieces, at, bytes - at) }, options);
        at += count;
        rest = rest.subarray(count);
      }
    }
  }

  /** From the caller's memory, however little it is. */
  async writeThrough(pieces: readonly Piece[], offset: bigint, options: SignalOptions): Promise<void> {
    const bytes = bytesInAll(pieces);
    const start = this.#place(bytes, offset);
    if (bytes === 0) return;
    await this.#afterOthers({ start, end: start + bytes });
    await this.#direct({ start, pieces }, options);
  }

  /** Begins to send all that is gathered. */
  send(): void {
    const segments = this.#gathered.take();
    if (segments.length === 0) return;
    const { flights, onFailure } = this.#parts;
    const extents = segments.map((segment) => ({ start: segment.start, pieces: [pieceOf(segment)] }));
    flights
      .begin(segments.map(rangeOf), "gathered", () => this.#send(extents, {}))
      .catch(onFailure)
      .finally(() => {
        for (const { lease } of segments) this.#giveBack(lease);
      });
  }

  /** How much of the bytes it took; nothing if there is no memory to gather them in. */
  async #gather(
    offset: number,
    bytes: Uint8Array,
    isSequential: boolean,
    options: SignalOptions,
  ): Promise<number> {
    const { gatherBytes, segmentsMax } = this.#parts.context.settings;
    const going = this.#gathered.at(offset);
    const stop = Math.floor(offset / gatherBytes) * gatherBytes + gatherBytes;
    const room = going === undefined ? stop - offset : going.lease.length - going.filled;
    const count = Math.min(bytes.length, room);
    // Bytes that are to be replaced go first, so that they do not come after.
    if (this.#gathered.touches({ start: offset, end: offset + count })) this.send();
    const memory = isSequential ? stop - offset : Math.min(stop - offset, Math.max(count, ALONE_BYTES));
    const segment = this.#gathered.at(offset) ?? (await this.#begin(offset, memory, options));
    if (segment === undefined) return 0;
    const taken = fill(segment, bytes.subarray(0, count));
    const isEarly = this.#parts.context.probes.buggify("client: gathered bytes are sent early", 0.1);
    if (isEarly || segment.filled === segment.lease.length || this.#gathered.count >= segmentsMax)
      this.send();
    return taken;
  }

  async #begin(start: number, bytes: number, options: SignalOptions): Promise<Segment | undefined> {
    const lease = await this.#lease(bytes, options);
    if (lease === undefined) return undefined;
    const segment = { start, lease, sinceMs: this.#parts.context.clock.monotonicMs(), filled: 0 };
    this.#gathered.add(segment);
    return segment;
  }

  async #lease(bytes: number, { signal }: SignalOptions): Promise<BufferLease | undefined> {
    const { context, flights } = this.#parts;
    const { dirty, pool, settings, probes } = context;
    if (bytes > pool.settings.regionBytes) return undefined;
    while (this.#dirtyBytes > 0 && this.#dirtyBytes + bytes > settings.dirtyBytesPerFile) {
      probes.mark("client: a write waits for earlier ones of its file");
      this.send();
      await unlessAborted(flights.next(), signal);
    }
    this.#dirtyBytes += bytes;
    let isTaken = false;
    try {
      if (!dirty.tryTake(bytes)) {
        context.local.sendAll();
        await dirty.take(bytes, { signal });
      }
      isTaken = true;
    } finally {
      if (!isTaken) this.#dirtyBytes -= bytes;
    }
    const lease = probes.buggify("client: no memory to gather in") ? undefined : pool.tryTake(bytes);
    if (lease === undefined) this.#giveRoomBack(bytes);
    return lease;
  }

  #giveBack(lease: BufferLease): void {
    const { length } = lease;
    lease.release();
    this.#giveRoomBack(length);
  }

  #giveRoomBack(bytes: number): void {
    this.#dirtyBytes -= bytes;
    this.#parts.context.dirty.give(bytes);
  }

  /** From the caller's memory, which is borrowed until it has settled. */
  async #direct(extent: Extent, options: SignalOptions): Promise<void> {
    const range = { start: extent.start, end: extent.start + bytesInAll(extent.pieces) };
    if (this.#gathered.touches(range)) this.send();
    await this.#parts.flights.begin([range], "awaited", () => this.#send([extent], options));
  }

  async #afterOthers(range: ByteRange): Promise<void> {
    const { context, file, writer } = this.#parts;
    await context.local.othersFlushed(file.inode, writer, range);
  }

  /** Where bytes go, if the file may be that long. */
  #place(bytes: number, offset: bigint | undefined): number {
    const { file } = this.#parts;
    if (offset !== undefined) checkOffset(offset, "write", file.path);
    const start = offset === undefined ? this.#end : Number(offset);
    if (start + bytes > writeEnd(file.view.file)) throw fsError("EFBIG", "write", file.path);
    return start;
  }

  #send(extents: readonly Extent[], options: SignalOptions): Promise<void> {
    const { context, file, written } = this.#parts;
    const { truncateVersion } = file.view.file;
    return send(context, file, written, extents, { ...options, truncateVersion });
  }
}
