/**
 * Memory for the bytes of one question's items. Small items share a piece: it is taken and given back once, and what lies
 * side by side in it is sent as one. A large item takes what it needs when it is read.
 */
import type { PageBuffer, PageBuffers } from "../blocks/page-buffers.ts";
import { memoryOf, pageBytesOf } from "./answer-room.ts";

interface Range {
  readonly offset: number;
  readonly length: number;
}

const SMALL_BYTES_MAX = 64 * 1024;
const SHARED_BYTES_MAX = 4 * 2 ** 20;

export class ReadMemory {
  /** What all items together may take of a pool. */
  readonly bytes: number;
  /** Where the items are in what they share; nothing of those that are not. */
  readonly #places: readonly ({ readonly start: number; readonly end: number } | undefined)[];
  readonly #sharedBytes: number;
  #shared: PageBuffer | undefined;

  constructor(items: readonly Range[]) {
    let bytes = 0;
    let shared = 0;
    this.#places = items.map((item) => {
      const own = pageBytesOf(item);
      if (own > 0 && own <= SMALL_BYTES_MAX && shared + own <= SHARED_BYTES_MAX) {
        shared += own;
        return { start: shared - own, end: shared };
      }
      bytes += memoryOf(item);
      return undefined;
    });
    this.#sharedBytes = shared;
    this.bytes = bytes + memoryOf({ offset: 0, length: shared });
  }

  /** Takes what is shared; before anything is read. Rejects as the pool does. */
  async take(buffers: PageBuffers): Promise<void> {
    if (this.#sharedBytes > 0) this.#shared = await buffers.take(this.#sharedBytes);
  }

  /** Whole pages for an item's range, until all is released; undefined for one that takes its own. */
  of(item: number): Uint8Array | undefined {
    const place = this.#places[item];
    return place === undefined ? undefined : this.#shared?.view.subarray(place.start, place.end);
  }

  /** Once, if it was taken. */
  release(): void {
    this.#shared?.release();
    this.#shared = undefined;
  }
}

/** Pieces that lie side by side, as one. */
export function joined(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const wholes: Uint8Array[] = [];
  for (const piece of pieces) {
    const last = wholes.at(-1);
    if (last === undefined || last.buffer !== piece.buffer) wholes.push(piece);
    else if (last.byteOffset + last.length !== piece.byteOffset) wholes.push(piece);
    else wholes[wholes.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + piece.length);
  }
  return wholes;
}
