/** Reads of a chunk. Every byte that is returned was checked against the checksum of its page (I9). */
import { assert } from "@smallpond/base";
import { assertKey, type ChunkKey, type ChunkVersion, keyText } from "../model/chunk.ts";
import { badRequest } from "../model/errors.ts";
import { bytesOfPage, PAGE_BYTES, pagesOf } from "../model/pages.ts";
import { readPages } from "../store/page-view.ts";
import type { StoreParts } from "../store/parts.ts";
import { committedView, type HeldView, pendingView } from "../store/views.ts";

/** How long a simulation holds a reader up. */
const SLOW_MS = 10;

export interface ReadRange {
  readonly offset: number;
  readonly length: number;
  /** Whole pages to read the range's into, borrowed until the read has settled; else it takes memory of its own. */
  readonly into?: Uint8Array | undefined;
}

export interface ChunkRead {
  readonly version: ChunkVersion;
  /** Of the chunk. */
  readonly chunkLength: number;
  /** The bytes of the range that the chunk has, until `release`. */
  readonly view: Uint8Array;
  /** CRC-32C of `view`. */
  readonly crc: number;
  /** Once. */
  release(): void;
}

/** The committed bytes of a range, cut at the chunk's end; undefined when the chunk is not there: a hole. */
export async function read(
  parts: StoreParts,
  key: ChunkKey,
  range: ReadRange,
): Promise<ChunkRead | undefined> {
  assertKey(key);
  checkRange(range);
  const view = await committedView(parts, key);
  return view === undefined ? undefined : await readView(parts, view, range);
}

/** All bytes of the latest version, pending or not: what a replica that catches up is sent. */
export async function readLatest(parts: StoreParts, key: ChunkKey): Promise<ChunkRead | undefined> {
  assertKey(key);
  using _turn = await parts.locks.take(keyText(key));
  const pending = parts.state.pendings.get(key);
  const view = pending === undefined ? await committedView(parts, key) : await pendingView(parts, pending);
  return view === undefined ? undefined : await readView(parts, view, { offset: 0, length: view.length });
}

async function readView(parts: StoreParts, view: HeldView, range: ReadRange): Promise<ChunkRead> {
  try {
    return await readRange(parts, view, range);
  } finally {
    view.release();
  }
}

async function readRange(parts: StoreParts, view: HeldView, range: ReadRange): Promise<ChunkRead> {
  const { version, length: chunkLength } = view;
  const end = Math.min(range.offset + range.length, chunkLength);
  if (end <= range.offset) {
    return { version, chunkLength, view: new Uint8Array(0), crc: 0, release: () => {} };
  }
  const firstPage = Math.floor(range.offset / PAGE_BYTES);
  const pages = pagesOf(end) - firstPage;
  assert(range.into === undefined || range.into.length >= pages * PAGE_BYTES, "there is room for a read");
  const buffer = range.into === undefined ? await parts.buffers.take(pages * PAGE_BYTES) : undefined;
  const into = (buffer?.view ?? range.into!).subarray(0, pages * PAGE_BYTES);
  try {
    if (parts.probes.buggify("store: a reader is slow", 0.3)) await parts.clock.sleep(SLOW_MS);
    await readPages(parts, view, { firstPage, into, isUnchecked: parts.bug === "unchecked-read" });
    const start = range.offset - firstPage * PAGE_BYTES;
    const bytes = into.subarray(start, start + end - range.offset);
    const crc = crcOfRange(parts, view, { offset: range.offset, bytes });
    return { version, chunkLength, view: bytes, crc, release: () => buffer?.release() };
  } catch (error) {
    buffer?.release();
    throw error;
  }
}

/** Put together from the checksums of whole pages, so that it vouches for what was written and not for what was read. */
function crcOfRange(
  { crc }: StoreParts,
  view: HeldView,
  { offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array },
): number {
  const head = Math.min(bytes.length, (PAGE_BYTES - (offset % PAGE_BYTES)) % PAGE_BYTES);
  const firstFull = Math.ceil(offset / PAGE_BYTES);
  const full = Math.floor((bytes.length - head) / PAGE_BYTES);
  const rest = bytes.length - head - full * PAGE_BYTES;
  const last = firstFull + full;
  let whole = head === 0 ? 0 : crc.of(bytes.subarray(0, head));
  if (full > 0) whole = crc.join(whole, view.sums.subarray(firstFull, last), PAGE_BYTES);
  if (rest === 0) return whole;
  const isWhole = rest === bytesOfPage(last, view.length);
  const sum = isWhole ? view.sums[last]! : crc.of(bytes.subarray(bytes.length - rest));
  return crc.combine(whole, sum, rest);
}

function checkRange({ offset, length }: ReadRange): void {
  const isRange = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!isRange) throw badRequest(`a chunk has no range of ${length} bytes at ${offset}`);
}
