/**
 * A chunk's record as eleven 32-bit words: the form it has in memory and in checkpoints, so that loading one is a copy.
 *
 *   inode high, inode low, data version, chunk, version low, version high, chain version, length, CRC, block's index, class
 *
 * Records are compared by their first four words.
 */

import type { ChainVersion, InodeId } from "../../ids.ts";
import { classOf, indexOf } from "../blocks/block-id.ts";
import { type ChunkKey, type CommittedChunk, NO_BLOCK } from "../model/chunk.ts";

export const RECORD_WORDS = 11;
export const RECORD_BYTES: number = RECORD_WORDS * 4;

const TWO_32 = 2 ** 32;

/** A key as four words. */
export type PackedKey = readonly [high: number, low: number, dataVersion: number, chunk: number];

export function packKey({ inode, dataVersion, chunk }: ChunkKey): PackedKey {
  return [Number(inode >> 32n), Number(inode & 0xffff_ffffn), dataVersion, chunk];
}

/** Below 0 when the record at `at` is before the key. */
export function compareAt(words: Uint32Array, at: number, key: PackedKey): number {
  return words[at]! - key[0] || words[at + 1]! - key[1] || words[at + 2]! - key[2] || words[at + 3]! - key[3];
}

export function keyAt(words: Uint32Array, at: number): ChunkKey {
  const inode = ((BigInt(words[at]!) << 32n) | BigInt(words[at + 1]!)) as InodeId;
  return { inode, dataVersion: words[at + 2]!, chunk: words[at + 3]! };
}

/** Whether the record is of the file that the key is of. */
export function isOfFile(words: Uint32Array, at: number, [high, low, dataVersion]: PackedKey): boolean {
  return words[at] === high && words[at + 1] === low && words[at + 2] === dataVersion;
}

export function lengthAt(words: Uint32Array, at: number): number {
  return words[at + 7]!;
}

export function chunkAt(words: Uint32Array, at: number): CommittedChunk {
  const sizeClass = words[at + 10]!;
  return {
    version: words[at + 5]! * TWO_32 + words[at + 4]!,
    chainVersion: words[at + 6] as ChainVersion,
    length: words[at + 7]!,
    crc: words[at + 8]!,
    block: sizeClass === 0 ? NO_BLOCK : sizeClass * TWO_32 + words[at + 9]!,
  };
}

export function putRecord(words: Uint32Array, at: number, key: PackedKey, chunk: CommittedChunk): void {
  words[at] = key[0];
  words[at + 1] = key[1];
  words[at + 2] = key[2];
  words[at + 3] = key[3];
  words[at + 4] = chunk.version % TWO_32;
  words[at + 5] = Math.floor(chunk.version / TWO_32);
  words[at + 6] = chunk.chainVersion;
  words[at + 7] = chunk.length;
  words[at + 8] = chunk.crc;
  const empty = chunk.block === NO_BLOCK;
  words[at + 9] = empty ? 0 : indexOf(chunk.block);
  words[at + 10] = empty ? 0 : classOf(chunk.block);
}
