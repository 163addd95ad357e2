/** One version of a chunk, and its pages from disk, each checked against its checksum before anybody sees it (I9, I12). */
import type { BlockFiles } from "../blocks/block-files.ts";
import { type ChunkKey, NO_BLOCK } from "../model/chunk.ts";
import { chunkCorrupt } from "../model/errors.ts";
import { type Crc, PAGE_BYTES, pagesOf } from "../model/pages.ts";

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
    const image = view.image(page);
    if (image !== undefined) bytes.set(image, (page - firstPage) * PAGE_BYTES);
  }
  const valid = bytes.subarray(0, view.length - firstPage * PAGE_BYTES);
  bytes.fill(0, valid.length);
  if (pages.isUnchecked !== true) check(deps.crc, view, { firstPage, valid });
}

function check(
  crc: Crc,
  view: PageView,
  { firstPage, valid }: { readonly firstPage: number; readonly valid: Uint8Array },
): void {
  if (valid.length <= PAGE_BYTES) {
    if (crc.of(valid) !== view.sums[firstPage]) throw chunkCorrupt(view.key, firstPage);
    return;
  }
  const found = new Uint32Array(pagesOf(valid.length));
  crc.each(valid, PAGE_BYTES, found);
  for (let at = 0; at < found.length; at++) {
    if (found[at] !== view.sums[firstPage + at]) throw chunkCorrupt(view.key, firstPage + at);
  }
}

function allImages(view: PageView, firstPage: number, endPage: number): boolean {
  for (let page = firstPage; page < endPage; page++) if (view.image(page) === undefined) return false;
  return true;
}
