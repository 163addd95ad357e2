/** Versions of a chunk as something to read from. A view holds its block until it is released. */
import type { Pin } from "../blocks/pins.ts";
import { type ChunkKey, type ChunkVersion, type CommittedChunk, NO_BLOCK } from "../model/chunk.ts";
import { chunkCorrupt } from "../model/errors.ts";
import { combinePages, pagesOf } from "../model/pages.ts";
import type { PageView } from "./page-view.ts";
import type { StoreParts } from "./parts.ts";
import type { Pending } from "./pending-table.ts";

export interface HeldView extends PageView {
  readonly version: ChunkVersion;
  readonly crc: number;
  readonly release: () => void;
}

/** What is current; undefined when the chunk is not there. Throws `CHUNK_CORRUPT` when its checksums are damaged. */
export async function committedView(parts: StoreParts, key: ChunkKey): Promise<HeldView | undefined> {
  const { index, redo } = parts.state;
  for (;;) {
    const chunk = index.get(key);
    if (chunk === undefined) return undefined;
    // All three in one turn: images, block and version that belong together.
    const pin = pinOf(parts, chunk.block);
    const images = redo.get(key)?.images;
    try {
      const sums = await sumsOf(parts, key, chunk);
      if (isSame(index.get(key), chunk)) {
        return {
          key,
          ...chunk,
          sums,
          image: (page) => images?.get(page),
          release: () => pin?.release(),
        };
      }
    } catch (error) {
      if (isSame(index.get(key), chunk)) {
        pin?.release();
        throw error;
      }
    }
    pin?.release();
  }
}

/** What a pending version will be. Call it with the chunk's turn. */
export async function pendingView(parts: StoreParts, pending: Pending): Promise<HeldView | undefined> {
  const { key, version } = pending;
  if (pending.kind === "remove") return undefined;
  const { length, crc, block } = pending;
  if (pending.kind === "block") {
    const pin = pinOf(parts, block);
    const { sums } = pending;
    return { key, version, length, crc, block, sums, image: () => undefined, release: () => pin?.release() };
  }
  const base = await committedView(parts, key);
  if (base === undefined) return undefined;
  const sums = new Uint32Array(Math.max(base.sums.length, pending.firstPage + pending.sums.length));
  sums.set(base.sums);
  sums.set(pending.sums, pending.firstPage);
  const images = new Map(pending.images.map(({ page, bytes }) => [page, bytes]));
  const image = (page: number): Uint8Array | undefined => images.get(page) ?? base.image(page);
  return { key, version, length, crc, block, sums, image, release: base.release };
}

/** The checksums of a chunk's pages, held against its CRC the first time. */
async function sumsOf(parts: StoreParts, key: ChunkKey, chunk: CommittedChunk): Promise<Uint32Array> {
  const { length, crc, block } = chunk;
  if (pagesOf(length) === 0) return new Uint32Array(0);
  // Of one page the chunk's CRC is the page's.
  if (pagesOf(length) === 1) return Uint32Array.of(crc);
  const sums = await parts.state.sums.load(block);
  if (parts.state.sums.isTrusted(sums)) return sums;
  if (combinePages(parts.crc, sums, length) !== crc) {
    // Neither is worth keeping: the next reader asks the disk again.
    if (isSame(parts.state.index.get(key), chunk)) parts.state.sums.forget(block);
    throw chunkCorrupt(key, -1);
  }
  parts.state.sums.trust(sums);
  return sums;
}

function pinOf(parts: StoreParts, block: number): Pin | undefined {
  return block === NO_BLOCK ? undefined : parts.space.pin(block);
}

function isSame(a: CommittedChunk | undefined, b: CommittedChunk): boolean {
  return a?.version === b.version && a.block === b.block && a.crc === b.crc && a.length === b.length;
}
