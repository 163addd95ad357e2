/**
 * Compares what a replica has with what it should have. Both sides come in order, a page of the other one at a time; what
 * this side has in the page's range is asked for when the page is there, and so is never older than the page.
 */
import { type ChunkKey, compareKeys } from "../model/chunk.ts";
import type { ChunkState } from "../ops/query.ts";
import type { SyncChunk } from "../protocol/sync.ts";

export type Difference =
  /** All of it is to be sent. */
  | { readonly kind: "send"; readonly key: ChunkKey; readonly bytes: number }
  /** It is to be removed there. */
  | { readonly kind: "remove"; readonly key: ChunkKey };

export interface Compared {
  readonly same: number;
  readonly differences: readonly Difference[];
}

/** Planted on request, for the simulator to notice. */
export type CompareBug = "compare-versions-only";

/** Both in order, over the same range of keys. */
export function compareChunks(
  own: readonly ChunkState[],
  theirs: readonly SyncChunk[],
  bug?: CompareBug,
): Compared {
  const differences: Difference[] = [];
  let same = 0;
  let at = 0;
  for (const mine of own) {
    for (; at < theirs.length && compareKeys(theirs[at]!.key, mine.key) < 0; at++) {
      differences.push({ kind: "remove", key: theirs[at]!.key });
    }
    const other = theirs[at];
    const isThere = other !== undefined && compareKeys(other.key, mine.key) === 0;
    if (isThere) at += 1;
    if (isThere && isSame(mine, other, bug)) same += 1;
    else differences.push({ kind: "send", key: mine.key, bytes: mine.committed?.length ?? 0 });
  }
  for (; at < theirs.length; at++) differences.push({ kind: "remove", key: theirs[at]!.key });
  return { same, differences };
}

/** The same, with nothing on its way on either side: what is on its way here is waited for and sent. */
function isSame({ committed, pending }: ChunkState, other: SyncChunk, bug: CompareBug | undefined): boolean {
  if (committed === undefined || pending !== undefined || other.pending) return false;
  if (committed.version !== other.version) return false;
  return (committed.length === other.length && committed.crc === other.crc) || bug !== undefined;
}
