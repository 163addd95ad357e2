/** What tests of the chunk store share. */
import type { InodeId } from "../../src/ids.ts";
import type { ChunkKey } from "../../src/storage/model/chunk.ts";

export function keyOf(chunk: number, inode = 7n, dataVersion = 1): ChunkKey {
  return { inode: inode as InodeId, dataVersion, chunk };
}

/** Bytes that differ by seed and place. */
export function patterned(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761) >>> 0;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
