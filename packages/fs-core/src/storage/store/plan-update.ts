/**
 * How an update is stored, decided from what is current and what is asked:
 *
 * - `block`: in a block of its own, all pages of it. For new chunks, large overwrites, and chunks that outgrow their block.
 * - `patch`: in the chunk's block. Of pages that hold committed bytes the journal gets images, at most 64 KiB of them; pages
 *   behind those hold nothing that counts and are written at once.
 * - `remove`.
 *
 * Bytes behind a chunk's end mean nothing, in its last page too: whatever grows a chunk writes that page anew.
 */

import { bytesOf } from "../blocks/block-id.ts";
import type { CommittedChunk } from "../model/chunk.ts";
import { NO_BLOCK } from "../model/chunk.ts";
import { PAGE_BYTES, pagesOf } from "../model/pages.ts";

export type UpdateOperation =
  /** Bytes at an offset; a gap behind the chunk's end is filled with zeros. The bytes are borrowed. */
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array; readonly crc?: number }
  /** Cuts the chunk, or extends it with zeros; a chunk that is not there is made. */
  | { readonly kind: "truncate"; readonly length: number }
  | { readonly kind: "remove" };

export interface PagePlan {
  readonly kind: "block" | "patch";
  /** Of the chunk afterwards. */
  readonly length: number;
  /** Pages whose checksum changes. A `block` has all of the chunk's. */
  readonly firstPage: number;
  readonly endPage: number;
  /** Pages from `firstPage` to here are images in the journal, those behind are written to the block. */
  readonly imagesEnd: number;
  /** Where the bytes of the request lie in the chunk. */
  readonly from: number;
  readonly to: number;
}

export function planUpdate(
  current: Pick<CommittedChunk, "length" | "block"> | undefined,
  operation: Exclude<UpdateOperation, { kind: "remove" }>,
  settings: { readonly patchBytesMax: number; readonly isShared: boolean },
): PagePlan {
  const before = current?.length ?? 0;
  const from = operation.kind === "write" ? operation.offset : 0;
  const to = operation.kind === "write" ? from + operation.bytes.length : 0;
  const isWrite = operation.kind === "write" && to > from;
  const length = operation.kind === "truncate" ? operation.length : isWrite ? Math.max(before, to) : before;
  const changed = changedBytes({ before, length, from, to, isWrite });
  const firstPage = Math.floor(changed.from / PAGE_BYTES);
  const endPage = Math.max(firstPage, pagesOf(changed.to));
  const imagesEnd = Math.max(firstPage, Math.min(endPage, pagesOf(before)));
  const block = current?.block ?? NO_BLOCK;
  // One page more than the limit: an overwrite that does not begin on a page.
  const fits = (imagesEnd - firstPage) * PAGE_BYTES <= settings.patchBytesMax + PAGE_BYTES;
  const holds = block !== NO_BLOCK && length <= bytesOf(block);
  if (current !== undefined && fits && holds && !settings.isShared) {
    // A cut changes the checksum of the last page and none of its bytes.
    const cut = length < before;
    return { kind: "patch", length, firstPage, endPage, imagesEnd: cut ? firstPage : imagesEnd, from, to };
  }
  const pages = pagesOf(length);
  return { kind: "block", length, firstPage: 0, endPage: pages, imagesEnd: 0, from, to };
}

function changedBytes(update: {
  readonly before: number;
  readonly length: number;
  readonly from: number;
  readonly to: number;
  readonly isWrite: boolean;
}): { readonly from: number; readonly to: number } {
  const { before, length, from, to, isWrite } = update;
  if (isWrite) return { from: Math.min(from, before), to };
  if (length > before) return { from: before, to: length };
  if (length === before) return { from: 0, to: 0 };
  return { from: length - (length % PAGE_BYTES), to: length };
}
