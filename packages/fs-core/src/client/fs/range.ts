/** Places in files: from the caller's offset to chunks. Beyond this file offsets are numbers, as files end at 2^50. */
import { fsError } from "../../meta/model/errors.ts";
import type { FileInode } from "../../meta/model/inode.ts";
import { META_LIMITS } from "../../meta/model/limits.ts";

/** From `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ChunkPart {
  readonly chunk: number;
  /** Within the chunk. */
  readonly offset: number;
  /** Where it begins in the range. */
  readonly at: number;
  readonly bytes: number;
}

/** Chunks have 32-bit numbers: files of small chunks end earlier than 2^50. */
const CHUNKS_MAX = 2 ** 32;
const OFFSET_END = 2n ** 63n;

/** What comes from a caller, who may not be typed. */
export function checkOffset(offset: bigint, operation: string, path: string): void {
  if (typeof offset !== "bigint") {
    throw fsError("EINVAL", operation, path, { reason: `the offset is no bigint: ${String(offset)}` });
  }
  if (offset < 0n) throw fsError("EINVAL", operation, path, { reason: `the offset is negative: ${offset}` });
  if (offset >= OFFSET_END) {
    throw fsError("EINVAL", operation, path, { reason: `the offset has more than 63 bits: ${offset}` });
  }
}

/** A length to cut or extend to. */
export function checkLength(length: bigint, path: string): void {
  if (typeof length !== "bigint" || length < 0n || length >= OFFSET_END) {
    throw fsError("EINVAL", "truncate", path, { reason: `not a length: ${String(length)}` });
  }
  if (length > META_LIMITS.fileBytesMax) throw fsError("EFBIG", "truncate", path);
}

/** Where bytes of the file may be written before. */
export function writeEnd({ layout }: Pick<FileInode, "layout">): number {
  return Math.min(Number(META_LIMITS.fileBytesMax), layout.chunkBytes * CHUNKS_MAX);
}

/** Cut at chunks. Chunks that no file can have are left out: they are holes. */
export function chunkParts({ start, end }: ByteRange, chunkBytes: number): readonly ChunkPart[] {
  const parts: ChunkPart[] = [];
  for (let from = start; from < end; ) {
    const chunk = Math.floor(from / chunkBytes);
    const offset = from - chunk * chunkBytes;
    const bytes = Math.min(chunkBytes - offset, end - from);
    if (chunk < CHUNKS_MAX) parts.push({ chunk, offset, at: from - start, bytes });
    from += bytes;
  }
  return parts;
}

export function overlaps(a: ByteRange, b: ByteRange): boolean {
  return a.start < b.end && b.start < a.end;
}
