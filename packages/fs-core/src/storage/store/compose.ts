/** The pages of an update: bytes of the request over those of the version before, zeros where neither has any. */
import type { PageBuffer, PageBuffers } from "../blocks/page-buffers.ts";
import { bytesOfPage, PAGE_BYTES, pagesOf } from "../model/pages.ts";

export interface ComposeSource {
  /** Length of the chunk before. */
  readonly before: number;
  /** Length afterwards. */
  readonly length: number;
  /** The bytes of the request, and where they lie in the chunk. */
  readonly bytes: Uint8Array;
  readonly from: number;
  /** Fills whole pages with those of the version before, checked. */
  readonly readBefore: (firstPage: number, into: Uint8Array) => Promise<void>;
}

/** Pages in memory: the request's own where they are whole, else put together in a buffer. */
export interface ComposedPages {
  readonly view: Uint8Array;
  readonly release: () => void;
}

/** Pages `firstPage` to `endPage`, the last one filled with zeros. */
export async function composePages(
  buffers: PageBuffers,
  source: ComposeSource,
  { firstPage, endPage }: { readonly firstPage: number; readonly endPage: number },
): Promise<ComposedPages> {
  const start = firstPage * PAGE_BYTES;
  const end = endPage * PAGE_BYTES;
  const { bytes, from } = source;
  if (from <= start && from + bytes.length >= end) {
    return { view: bytes.subarray(start - from, end - from), release: () => {} };
  }
  const buffer = await buffers.take(end - start);
  try {
    await fill(buffer, source, { firstPage, endPage });
  } catch (error) {
    buffer.release();
    throw error;
  }
  return { view: buffer.view.subarray(0, end - start), release: () => buffer.release() };
}

async function fill(
  buffer: PageBuffer,
  source: ComposeSource,
  { firstPage, endPage }: { readonly firstPage: number; readonly endPage: number },
): Promise<void> {
  const { bytes, from } = source;
  const start = firstPage * PAGE_BYTES;
  const view = buffer.view.subarray(0, (endPage - firstPage) * PAGE_BYTES);
  const needed = neededPages(source, { firstPage, endPage });
  if (needed === undefined) view.fill(0);
  else {
    const at = (needed.firstPage - firstPage) * PAGE_BYTES;
    const until = (needed.endPage - firstPage) * PAGE_BYTES;
    view.fill(0, 0, at);
    await source.readBefore(needed.firstPage, view.subarray(at, until));
    view.fill(0, until);
    // What was read behind the end of the version after a cut does not count.
    view.fill(0, Math.max(0, Math.min(view.length, source.length - start)));
  }
  const first = Math.max(from, start);
  const last = Math.min(from + bytes.length, start + view.length);
  if (first < last) view.set(bytes.subarray(first - from, last - from), first - start);
}

/** The pages of the version before of which some byte stays. */
function neededPages(
  source: ComposeSource,
  { firstPage, endPage }: { readonly firstPage: number; readonly endPage: number },
): { readonly firstPage: number; readonly endPage: number } | undefined {
  const { bytes, from, before, length } = source;
  let first: number | undefined;
  let last = firstPage;
  for (let page = firstPage; page < Math.min(endPage, pagesOf(before)); page++) {
    const start = page * PAGE_BYTES;
    const end = start + bytesOfPage(page, Math.min(before, length));
    const isCovered = end <= start || (bytes.length > 0 && from <= start && from + bytes.length >= end);
    if (isCovered) continue;
    first ??= page;
    last = page + 1;
  }
  return first === undefined ? undefined : { firstPage: first, endPage: last };
}
