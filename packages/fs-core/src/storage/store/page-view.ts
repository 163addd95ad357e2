/** One version of a chunk, and its pages from disk, each checked against its checksum before anybody sees it (I9, I12). */
import type { BlockFiles } from "../blocks/block-files.ts";
import { type ChunkKey, NO_BLOCK } from "../model/chunk.ts";
import { chunkCorrupt } from "../model/errors.ts";
import { bytesOfPage, type Crc, PAGE_BYTES, pagesOf } from "../model/pages.ts";

export interface PageView {
  readonly key: ChunkKey;
  readonly block: number;
  readonly length: number;
  /** Of each page. */
  readonly sums: Uint32Array;
  /** Pages whose bytes are not in the block. */
  readonly image: (page: number) => Uint8Array | undefined;
}

/** Fills `into`, whole pages, from `firstPage` on. What is behind the chunk's end is zeros. Throws `CHUNK_CORRUPT`. */
export async function readPages(
  deps: { readonly files: Pick<BlockFiles, "read">; readonly crc: Crc },
  view: PageView,
  pages: { readonly firstPage: number; readonly into: Uint8Array; readonly isUnchecked?: boolean },
): Promise<void> {
  const { firstPage, into } = pages;
  const endPage = Math.min(firstPage + into.length / PAGE_BYTES, pagesOf(view.length));
  const bytes = into.subarray(0, Math.max(0, endPage - firstPage) * PAGE_BYTES);
  if (bytes.length < into.length) into.fill(0, bytes.length);
  if (bytes.length === 0) return;
  if (view.block !== NO_BLOCK && !allImages(view, firstPage, endPage)) {
    const count = await deps.files.read(view.block, bytes, firstPage * PAGE_BYTES);
    // A file that was cut: what is missing is damage, unless nobody misses it.
    if (count < bytes.length) bytes.fill(0, count);
  }
  for (let page = firstPage; page < endPage; page++) {
    const place = bytes.subarray((page - firstPage) * PAGE_BYTES, (page - firstPage + 1) * PAGE_BYTES);
    const image = view.image(page);
    if (image !== undefined) place.set(image);
    const valid = bytesOfPage(page, view.length);
    if (valid < PAGE_BYTES) place.fill(0, valid);
    if (pages.isUnchecked === true) continue;
    if (deps.crc.of(valid === PAGE_BYTES ? place : place.subarray(0, valid)) !== view.sums[page])
      throw chunkCorrupt(view.key, page);
  }
}

function allImages(view: PageView, firstPage: number, endPage: number): boolean {
  for (let page = firstPage; page < endPage; page++) if (view.image(page) === undefined) return false;
  return true;
}
