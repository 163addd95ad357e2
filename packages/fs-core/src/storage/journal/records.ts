/**
 * What the journal says. Every record tells a state and no difference: reading a stretch of the journal a second time, over
 * an index that has seen part of it, ends where it ended before. That is what lets a checkpoint be written while work goes
 * on.
 */

import {
  type ChainVersion,
  chainVersionCodec,
  inodeIdCodec,
  type RequestId,
  requestIdCodec,
  type SessionId,
  sessionIdCodec,
} from "../../ids.ts";
import {
  type ByteReader,
  type ByteWriter,
  bool,
  bytes,
  type Codec,
  f64,
  fixedBytes,
  list,
  mapped,
  optional,
  struct,
  u8,
  u16,
  u32,
  union,
  varint,
} from "../../wire/codec/index.ts";
import { CHUNK_BYTES_MAX, isBlockId } from "../blocks/block-id.ts";
import { type ChunkKey, type ChunkVersion, type FileData, NO_BLOCK } from "../model/chunk.ts";
import { PAGE_BYTES } from "../model/pages.ts";

/** What a page will be, padded with zeros behind the chunk's end. */
export interface PageImage {
  readonly page: number;
  readonly bytes: Uint8Array;
}

/** The last request of one channel of a session, with its answer (I8). */
export interface DedupeEntry {
  readonly session: SessionId;
  readonly channel: number;
  /** Rises with each request of the channel. */
  readonly sequence: number;
  readonly request: RequestId;
  /** Opaque here, at most {@link RESULT_BYTES_MAX} bytes. */
  readonly result: Uint8Array;
}

interface Prepared {
  readonly key: ChunkKey;
  readonly version: ChunkVersion;
  readonly dedupe: DedupeEntry | undefined;
}

interface Content {
  readonly length: number;
  readonly crc: number;
}

export type StoreRecord =
  /** A pending version whose bytes are in a block of their own. `replaces`: whatever the chunk was before is void. */
  | ({
      readonly kind: "prepare-block";
      readonly block: number;
      readonly sums: Uint32Array;
      readonly replaces: boolean;
    } & Prepared &
      Content)
  /** A pending version in the chunk's block: what its pages from `firstPage` on will be; the images of those that are. */
  | ({
      readonly kind: "prepare-patch";
      /** The chunk's. */
      readonly block: number;
      readonly firstPage: number;
      readonly sums: Uint32Array;
      readonly images: readonly PageImage[];
    } & Prepared &
      Content)
  | ({ readonly kind: "prepare-remove" } & Prepared)
  | {
      readonly kind: "commit";
      readonly key: ChunkKey;
      readonly version: ChunkVersion;
      readonly chainVersion: ChainVersion;
    }
  /** The chunk is this and nothing is pending: replaced by another replica's. */
  | ({
      readonly kind: "put";
      readonly key: ChunkKey;
      readonly version: ChunkVersion;
      readonly chainVersion: ChainVersion;
      readonly block: number;
      readonly sums: Uint32Array;
    } & Content)
  /** The committed version is in another block now; a pending one in a block of its own stays. */
  | {
      readonly kind: "move";
      readonly key: ChunkKey;
      readonly version: ChunkVersion;
      readonly block: number;
      readonly sums: Uint32Array;
    }
  /** The pending version will not be. */
  | { readonly kind: "discard"; readonly key: ChunkKey; readonly version: ChunkVersion }
  /** These chunks of the file are not there, committed or pending. */
  | { readonly kind: "remove-many"; readonly file: FileData; readonly chunks: readonly number[] }
  | ({ readonly kind: "remember" } & DedupeEntry)
  | { readonly kind: "forget-session"; readonly session: SessionId }
  /** Nothing of these sessions is done any more, and what they were answered is forgotten. */
  | { readonly kind: "revoke"; readonly sessions: readonly SessionId[]; readonly untilMs: number }
  /** Truncations of the file up to this version are done. */
  | { readonly kind: "truncated"; readonly file: FileData; readonly truncateVersion: number }
  /** No answers, revoked sessions and truncations are remembered. */
  | { readonly kind: "reset-notes" }
  /** In checkpoints: pages that are committed and may not be in the block yet. */
  | {
      readonly kind: "redo";
      readonly key: ChunkKey;
      readonly block: number;
      readonly images: readonly PageImage[];
    };

export type RecordOf<K extends StoreRecord["kind"]> = Extract<StoreRecord, { readonly kind: K }>;

/** Bytes of one answer that is kept for a request that is sent again. */
export const RESULT_BYTES_MAX = 256;
/** Chunks that one record removes. */
export const REMOVALS_MAX = 4096;
/** Sessions that one record revokes. */
export const REVOCATIONS_MAX = 4096;
/** Images of pages in one update. */
export const IMAGES_MAX = 18;
const SUMS_MAX: number = CHUNK_BYTES_MAX / PAGE_BYTES;

const file: Codec<FileData> = struct({ inode: inodeIdCodec, dataVersion: u32 });
const key: Codec<ChunkKey> = struct({ inode: inodeIdCodec, dataVersion: u32, chunk: u32 });

const version: Codec<number> = mapped(
  varint,
  (value) => value,
  (value, reader) => {
    if (value === 0) throw reader.bad("a version is at least 1");
    return value;
  },
);

const length: Codec<number> = mapped(
  varint,
  (value) => value,
  (value, reader) => {
    if (value > CHUNK_BYTES_MAX) throw reader.bad(`a chunk of ${value} bytes`);
    return value;
  },
);

/** The number of a block, or 0 for none: class and index. */
const block: Codec<number> = {
  write: (w, value) => {
    if (value === NO_BLOCK) w.u8(0);
    else {
      w.u8(Math.floor(value / 2 ** 32));
      w.u32(value % 2 ** 32);
    }
  },
  read: (r) => {
    const sizeClass = u8.read(r);
    if (sizeClass === 0) return NO_BLOCK;
    const value = sizeClass * 2 ** 32 + u32.read(r);
    if (!isBlockId(value)) throw r.bad(`there is no class ${sizeClass} of blocks`);
    return value;
  },
};

/** Checksums of pages one after another. */
const sums: Codec<Uint32Array> = {
  write: (w: ByteWriter, values: Uint32Array) => {
    w.varint(values.length);
    for (const value of values) w.u32(value);
  },
  read: (r: ByteReader) => {
    const count = r.varint();
    if (count > SUMS_MAX) throw r.bad(`${count} checksums of one chunk`);
    const values = new Uint32Array(count);
    for (let at = 0; at < count; at++) values[at] = r.u32();
    return values;
  },
};

const pageImage: Codec<PageImage> = struct({ page: u16, bytes: fixedBytes(PAGE_BYTES) });

const dedupeFields = {
  session: sessionIdCodec,
  channel: u16,
  sequence: varint,
  request: requestIdCodec,
  result: bytes(RESULT_BYTES_MAX),
} as const;
const dedupeEntry: Codec<DedupeEntry> = struct(dedupeFields);

const prepared = { key, version, dedupe: optional(dedupeEntry) } as const;
const content = { length, crc: u32 } as const;

export const storeRecord: Codec<StoreRecord> = union({
  "prepare-block": [1, struct({ ...prepared, ...content, block, sums, replaces: bool })],
  "prepare-patch": [
    2,
    struct({ ...prepared, ...content, block, firstPage: varint, sums, images: list(pageImage, IMAGES_MAX) }),
  ],
  "prepare-remove": [3, struct(prepared)],
  commit: [4, struct({ key, version, chainVersion: chainVersionCodec })],
  put: [5, struct({ key, version, chainVersion: chainVersionCodec, ...content, block, sums })],
  move: [6, struct({ key, version, block, sums })],
  discard: [7, struct({ key, version })],
  "remove-many": [8, struct({ file, chunks: list(u32, REMOVALS_MAX) })],
  remember: [9, struct(dedupeFields)],
  "forget-session": [10, struct({ session: sessionIdCodec })],
  redo: [11, struct({ key, block, images: list(pageImage, SUMS_MAX) })],
  revoke: [12, struct({ sessions: list(sessionIdCodec, REVOCATIONS_MAX), untilMs: f64 })],
  truncated: [13, struct({ file, truncateVersion: u32 })],
  "reset-notes": [14, struct({})],
});
