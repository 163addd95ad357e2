/**
 * A file from front to back, in pieces of memory that become the reader's own. Some are under way at once, so it is as
 * fast as all chains together; what was read is what the file had at some moment between the first and the last piece.
 */
import type { SignalOptions } from "@smallpond/base";
import type { FsContext } from "../context.ts";
import type { OpenFile } from "../open-file.ts";
import { checkOffset } from "../range.ts";
import { readMany } from "../reading/read-many.ts";

export interface BlockRange extends SignalOptions {
  readonly start?: bigint;
  readonly end?: bigint;
}

/** Leaving the loop gives up what is under way. */
export async function* readBlocks(
  context: FsContext,
  open: () => OpenFile,
  { start = 0n, end, signal }: BlockRange,
): AsyncGenerator<Uint8Array, void, void> {
  const { path } = open();
  checkOffset(start, "read", path);
  if (end !== undefined) checkOffset(end, "read", path);
  const { streamBlockBytes, streamBlocks } = context.settings;
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const underWay: Promise<Uint8Array>[] = [];
  let next = start;
  const begin = (): boolean => {
    const file = open();
    if (end !== undefined && next >= end) return false;
    // Past the known end only one at a time is tried: it asks where the end is now.
    if (underWay.length > 0 && next >= file.view.file.length) return false;
    const bytes = bytesAt(next, end, streamBlockBytes);
    const block = readBlock(context, file, { offset: next, bytes, signal: stop.signal });
    block.catch(() => {});
    underWay.push(block);
    next += BigInt(bytes);
    return true;
  };
  try {
    for (;;) {
      while (underWay.length < streamBlocks && begin());
      const block = underWay.shift();
      if (block === undefined) return;
      const bytes = await block;
      if (bytes.length > 0) yield bytes;
      if (bytes.length < bytes.buffer.byteLength) return;
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    stop.abort(new Error("nobody reads on"));
  }
}

/** Up to the next multiple of a block, so that all but the first are whole ones. */
function bytesAt(offset: bigint, end: bigint | undefined, blockBytes: number): number {
  const whole = blockBytes - Number(offset % BigInt(blockBytes));
  return end !== undefined && end - offset < BigInt(whole) ? Number(end - offset) : whole;
}

async function readBlock(
  context: FsContext,
  file: OpenFile,
  { offset, bytes, signal }: { readonly offset: bigint; readonly bytes: number } & SignalOptions,
): Promise<Uint8Array> {
  const into = new Uint8Array(bytes);
  const [count] = await readMany(context, [{ file, offset, into }], { signal });
  return into.subarray(0, count);
}
