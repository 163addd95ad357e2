/** What a chunk is called, and what a replica knows of it. */
import { assert } from "@smallpond/base";
import type { ChainVersion, InodeId } from "../../ids.ts";

/** One version of a file's data: replacing all of a file's bytes makes another. */
export interface FileData {
  readonly inode: InodeId;
  /** From 1, 32 bits. */
  readonly dataVersion: number;
}

export interface ChunkKey extends FileData {
  /** Which chunk of the file, 32 bits. */
  readonly chunk: number;
}

/**
 * Counts the updates of one chunk, from 1; 0 is a chunk that never was. A number and no `bigint`: it rises by one with
 * each write to one chunk, and stays a safe integer for as long as disks turn.
 */
export type ChunkVersion = number;

/** What is current. */
export interface CommittedChunk {
  readonly version: ChunkVersion;
  /** Of the chain when it was committed. */
  readonly chainVersion: ChainVersion;
  /** Bytes; what lies behind them in the block means nothing. */
  readonly length: number;
  /** CRC-32C of these bytes. */
  readonly crc: number;
  /** Where the bytes are; see `blocks/block-id.ts`. {@link NO_BLOCK} for an empty chunk. */
  readonly block: number;
}

export const NO_BLOCK = 0xffff_ffff_ffff;

export function assertKey(key: ChunkKey): void {
  assertFile(key);
  assert(isU32(key.chunk), `not the number of a chunk: ${key.chunk}`);
}

export function assertFile(file: FileData): void {
  assert(file.inode >= 1n && file.inode < 2n ** 63n, `not an inode: ${file.inode}`);
  assert(isU32(file.dataVersion), `not a data version: ${file.dataVersion}`);
}

export function isVersion(version: number): boolean {
  return Number.isSafeInteger(version) && version >= 1;
}

/** For maps. */
export function keyText({ inode, dataVersion, chunk }: ChunkKey): string {
  return `${inode}/${dataVersion}/${chunk}`;
}

export function fileText({ inode, dataVersion }: FileData): string {
  return `${inode}/${dataVersion}`;
}

/** Order of all chunks: by inode, version of the data, number. */
export function compareKeys(a: ChunkKey, b: ChunkKey): number {
  if (a.inode !== b.inode) return a.inode < b.inode ? -1 : 1;
  return a.dataVersion - b.dataVersion || a.chunk - b.chunk;
}

function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}
