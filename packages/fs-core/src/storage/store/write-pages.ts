/** Carries out the plan of an update up to the record that says so: bytes are in their block and durable, nothing refers to them yet. */

import type { PageImage } from "../journal/records.ts";
import { type ChunkKey, type CommittedChunk, NO_BLOCK } from "../model/chunk.ts";
import { combinePages, PAGE_BYTES, pagesOf } from "../model/pages.ts";
import { changedCrc } from "../sums/chunk-sum.ts";
import { type ComposeSource, composePages } from "./compose.ts";
import { readPages } from "./page-view.ts";
import type { StoreParts } from "./parts.ts";
import type { PagePlan } from "./plan-update.ts";
import type { HeldView } from "./views.ts";

export interface WrittenBlock {
  readonly block: number;
  readonly length: number;
  readonly crc: number;
  readonly sums: Uint32Array;
}

export interface WrittenPatch {
  readonly length: number;
  readonly crc: number;
  readonly firstPage: number;
  readonly sums: Uint32Array;
  readonly images: readonly PageImage[];
}

export interface WriteRequest {
  readonly key: ChunkKey;
  readonly plan: PagePlan;
  readonly bytes: Uint8Array;
  /** The version before. */
  readonly before: HeldView | undefined;
  /** May be refused while the disk is nearly full. */
  readonly mayRefuse: boolean;
  /** A block that is taken for it already. */
  readonly block?: number;
}

/** Writes a version to a block of its own. The block is the caller's, to be given back if nothing comes of it. */
export async function writeBlock(parts: StoreParts, request: WriteRequest): Promise<WrittenBlock> {
  const { length } = request.plan;
  if (length === 0) return { block: NO_BLOCK, length, crc: 0, sums: new Uint32Array(0) };
  const block = request.block ?? (await takeBlock(parts, request));
  try {
    const sums = new Uint32Array(pagesOf(length));
    await eachWindow(parts, request, { firstPage: 0, endPage: sums.length }, async (view, firstPage) => {
      sumInto(parts, sums.subarray(firstPage), view, { firstPage, length });
      await parts.files.write(block, view, firstPage * PAGE_BYTES);
    });
    if (syncsData(parts)) await parts.files.sync(block);
    return { block, length, crc: combinePages(parts.crc, sums, length), sums };
  } catch (error) {
    parts.space.release(block, 0n);
    throw error;
  }
}

/** Makes the images of a patch, and writes the pages that hold nothing committed. */
export async function writePatch(
  parts: StoreParts,
  request: WriteRequest & { readonly before: HeldView },
): Promise<WrittenPatch> {
  const { plan, before } = request;
  const { firstPage, endPage, imagesEnd, length } = plan;
  const sums = new Uint32Array(endPage - firstPage);
  const images: PageImage[] = [];
  // A cut reads its last page for the checksum of what stays of it, and writes nothing.
  const directFrom = Math.max(imagesEnd, Math.min(endPage, pagesOf(before.length)));
  await eachWindow(parts, request, { firstPage, endPage: directFrom }, async (view, first) => {
    sumInto(parts, sums.subarray(first - firstPage), view, { firstPage: first, length });
    for (let page = first; page < imagesEnd && (page - first) * PAGE_BYTES < view.length; page++) {
      const at = (page - first) * PAGE_BYTES;
      images.push({ page, bytes: new Uint8Array(view.subarray(at, at + PAGE_BYTES)) });
    }
  });
  if (directFrom < endPage) {
    // Pages behind the end may still be read by somebody who knows a longer version, or be written as part of one.
    before.release();
    await parts.space.drained(before.block);
    await eachWindow(parts, request, { firstPage: directFrom, endPage }, async (view, first) => {
      sumInto(parts, sums.subarray(first - firstPage), view, { firstPage: first, length });
      await parts.files.write(before.block, view, first * PAGE_BYTES);
    });
    if (syncsData(parts)) await parts.files.sync(before.block);
  }
  const change = { crc: before.crc, before: before.length, after: length, sums: before.sums };
  return {
    length,
    crc: changedCrc(parts.crc, { ...change, firstPage, changed: sums }),
    firstPage,
    sums,
    images,
  };
}

function takeBlock(parts: StoreParts, { key, plan, before, mayRefuse }: WriteRequest): Promise<number> {
  const near = neighbourOf(parts, key)?.block ?? before?.block;
  return parts.space.take(plan.length, { near: near === NO_BLOCK ? undefined : near, mayRefuse });
}

/** The chunk before this one in its file: a new block goes right behind it if it can. */
function neighbourOf(parts: StoreParts, key: ChunkKey): CommittedChunk | undefined {
  return key.chunk === 0 ? undefined : parts.state.index.get({ ...key, chunk: key.chunk - 1 });
}

function syncsData(parts: StoreParts): boolean {
  return parts.settings.durability === "fsync" && parts.bug !== "ack-before-sync";
}

/** Puts the pages together a step at a time, so that a large chunk needs little memory. */
async function eachWindow(
  parts: StoreParts,
  request: WriteRequest,
  pages: { readonly firstPage: number; readonly endPage: number },
  visit: (view: Uint8Array, firstPage: number) => Promise<void>,
): Promise<void> {
  const source = sourceOf(parts, request);
  const step = parts.settings.stepBytes / PAGE_BYTES;
  for (let firstPage = pages.firstPage; firstPage < pages.endPage; firstPage += step) {
    const endPage = Math.min(firstPage + step, pages.endPage);
    const { view, release } = await composePages(parts.buffers, source, { firstPage, endPage });
    try {
      await visit(view, firstPage);
    } finally {
      release();
    }
  }
}

function sourceOf(parts: StoreParts, { plan, bytes, before }: WriteRequest): ComposeSource {
  return {
    before: before?.length ?? 0,
    length: plan.length,
    bytes,
    from: plan.from,
    readBefore: async (firstPage, into) => {
      if (before !== undefined) await readPages(parts, before, { firstPage, into });
    },
  };
}

function sumInto(
  parts: StoreParts,
  sums: Uint32Array,
  view: Uint8Array,
  { firstPage, length }: { readonly firstPage: number; readonly length: number },
): void {
  parts.crc.each(view.subarray(0, length - firstPage * PAGE_BYTES), PAGE_BYTES, sums);
}
