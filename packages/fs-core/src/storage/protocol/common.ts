/** What questions to storage services have in common. */
import { type ChainId, type ChainVersion, chainIdCodec, chainVersionCodec, inodeIdCodec } from "../../ids.ts";
import { type Codec, struct, u32, varint, word } from "../../wire/codec/index.ts";
import type { ChunkKey, FileData } from "../model/chunk.ts";

/** Which chain, in the version that whoever asks knows (I4). */
export interface ChainAt {
  readonly chain: ChainId;
  readonly chainVersion: ChainVersion;
}

/** Whose work it is: each gets its share of a busy node. */
export type TrafficClass = "foreground" | "resync" | "cache" | "control";

export const chainAtFields: {
  readonly chain: Codec<ChainId>;
  readonly chainVersion: Codec<ChainVersion>;
} = { chain: chainIdCodec, chainVersion: chainVersionCodec };
export const chainAtCodec: Codec<ChainAt> = struct(chainAtFields);

export const trafficClassCodec: Codec<TrafficClass> = word(["foreground", "resync", "cache", "control"]);

export const fileDataCodec: Codec<FileData> = struct({ inode: inodeIdCodec, dataVersion: u32 });
export const chunkKeyCodec: Codec<ChunkKey> = struct({ inode: inodeIdCodec, dataVersion: u32, chunk: u32 });

/** What a chunk is after an update: all replicas come to the same. */
export interface ChunkAfter {
  readonly version: number;
  readonly length: number;
  readonly crc: number;
}

export const chunkAfterFields: { readonly [K in keyof ChunkAfter]: Codec<number> } = {
  version: varint,
  length: varint,
  crc: u32,
};

export const PROTOCOL_LIMITS: {
  /** Items of one question. */
  readonly itemsMax: number;
  /** Bulk bytes of one question or answer; one item may be a whole chunk. */
  readonly bulkBytesMax: number;
  /** Entries of a list of chunks, records or sessions. */
  readonly entriesMax: number;
} = { itemsMax: 1024, bulkBytesMax: 64 * 2 ** 20, entriesMax: 4096 };
