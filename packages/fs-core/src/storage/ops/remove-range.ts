/**
 * Removes the chunks of a file that is gone, many at once. With the last of them goes what is remembered of the file's
 * truncations.
 */
import { assert } from "@smallpond/base";
import { REMOVALS_MAX } from "../journal/records.ts";
import { assertFile, type FileData, keyText } from "../model/chunk.ts";
import type { Turn } from "../store/key-locks.ts";
import { record, type StoreParts } from "../store/parts.ts";

export interface RangeRemoval {
  readonly removed: number;
  /** There may be more, or new ones: call again until nothing is removed. */
  readonly more: boolean;
}

/** From `from` to below `to`, at most `limit` chunks; what is pending goes too. */
export async function removeRange(
  parts: StoreParts,
  file: FileData,
  range: { readonly from: number; readonly to: number; readonly limit: number },
): Promise<RangeRemoval> {
  assertFile(file);
  const limit = Math.min(range.limit, REMOVALS_MAX);
  const chunks = chunksInRange(parts, file, { ...range, limit });
  await removeChunks(parts, file, chunks);
  return { removed: chunks.length, more: chunks.length === limit };
}

/** Those of the chunks that are there, in any order; at most {@link REMOVALS_MAX} numbers. */
export async function removeChunks(
  parts: StoreParts,
  file: FileData,
  numbers: readonly number[],
): Promise<void> {
  assertFile(file);
  assert(numbers.length <= REMOVALS_MAX, `${numbers.length} chunks are removed at once`);
  // What is remembered of a file goes with its last chunk, also where it has none.
  if (numbers.length === 0 && parts.state.truncated.get(file) === undefined) return;
  const chunks = [...new Set(numbers)].sort((a, b) => a - b);
  const turns: Turn[] = [];
  try {
    // In one order for all, or two removals could wait for each other.
    for (const chunk of chunks) turns.push(await parts.locks.take(keyText({ ...file, chunk })));
    await record(parts, { kind: "remove-many", file, chunks });
  } finally {
    for (const turn of turns) turn.release();
  }
}

/** In order. */
function chunksInRange(
  { state }: StoreParts,
  file: FileData,
  { from, to, limit }: { readonly from: number; readonly to: number; readonly limit: number },
): readonly number[] {
  const chunks = new Set<number>();
  for (const { key } of state.index.from({ ...file, chunk: from })) {
    if (key.inode !== file.inode || key.dataVersion !== file.dataVersion || key.chunk >= to) break;
    if (chunks.size === limit) break;
    chunks.add(key.chunk);
  }
  for (const { key } of state.pendings.ofFile(file)) {
    if (key.chunk >= from && key.chunk < to) chunks.add(key.chunk);
  }
  return [...chunks].sort((a, b) => a - b).slice(0, limit);
}
