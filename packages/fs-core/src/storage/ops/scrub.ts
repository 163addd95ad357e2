/** Reads chunks back in order and tells which are damaged, before somebody needs them. */
import { isPondError } from "@smallpond/base";
import { keyAfter } from "../index/chunk-index.ts";
import type { ChunkKey } from "../model/chunk.ts";
import { PAGE_BYTES, pagesOf } from "../model/pages.ts";
import { readPages } from "../store/page-view.ts";
import type { StoreParts } from "../store/parts.ts";
import { committedView } from "../store/views.ts";

export interface ScrubPage {
  readonly damaged: readonly {
    readonly key: ChunkKey;
    /** The first damaged page; -1 for damaged checksums, and where the disk cannot read. */
    readonly page: number;
  }[];
  readonly chunks: number;
  readonly bytes: number;
  /** Where to go on; undefined when that was the last chunk. */
  readonly next: ChunkKey | undefined;
}

/** At most `limit` chunks from `from` on. How fast is up to the caller, who pauses between pages. */
export async function scrub(
  parts: StoreParts,
  from: ChunkKey | undefined,
  limit: number,
): Promise<ScrubPage> {
  const keys = parts.state.index.pageFrom(from, limit).map(({ key }) => key);
  const damaged: { key: ChunkKey; page: number }[] = [];
  let bytes = 0;
  for (const key of keys) {
    try {
      bytes += await readBack(parts, key);
    } catch (error) {
      const page = damagedPage(error);
      if (page === undefined) throw error;
      damaged.push({ key, page });
    }
  }
  const next = keys.length < limit ? undefined : keyAfter(keys.at(-1)!);
  return { damaged, chunks: keys.length, bytes, next };
}

async function readBack(parts: StoreParts, key: ChunkKey): Promise<number> {
  const view = await committedView(parts, key);
  if (view === undefined) return 0;
  const step = parts.settings.stepBytes / PAGE_BYTES;
  try {
    for (let firstPage = 0; firstPage < pagesOf(view.length); firstPage += step) {
      const pages = Math.min(step, pagesOf(view.length) - firstPage);
      const buffer = await parts.buffers.take(pages * PAGE_BYTES);
      try {
        await readPages(parts, view, { firstPage, into: buffer.view.subarray(0, pages * PAGE_BYTES) });
      } finally {
        buffer.release();
      }
    }
    return view.length;
  } finally {
    view.release();
  }
}

function damagedPage(error: unknown): number | undefined {
  if (isPondError<"CHUNK_CORRUPT", { page: number }>(error, "CHUNK_CORRUPT")) return error.details.page;
  return isPondError(error, "EIO") ? -1 : undefined;
}
