/**
 * Reads, many at once. The answer's bulk bytes are those of the items that have any, one after another in the order of the
 * items, without gaps.
 */
import { CAPABILITY_BYTES_MAX } from "../../service/capability.ts";
import { bool, bytes, type Codec, list, struct, u16, u32, union, varint } from "../../wire/codec/index.ts";
import type { ChunkKey } from "../model/chunk.ts";
import {
  type ChainAt,
  chainAtFields,
  chunkKeyCodec,
  PROTOCOL_LIMITS,
  type TrafficClass,
  trafficClassCodec,
} from "./common.ts";
import { type Refusal, refusalCodec } from "./refusal.ts";

export interface ReadItem extends ChainAt {
  readonly key: ChunkKey;
  /** Within the chunk. */
  readonly offset: number;
  readonly length: number;
  /** Which of the question's. */
  readonly capability: number;
}

export interface ReadQuestion {
  readonly trafficClass: TrafficClass;
  /** Any committed version will do, also one that somebody has seen a later one of: not linearizable (I3). */
  readonly relaxed: boolean;
  readonly capabilities: readonly Uint8Array[];
  readonly items: readonly ReadItem[];
}

export type ReadOutcome =
  | {
      readonly kind: "bytes";
      readonly version: number;
      /** Of the chunk. */
      readonly chunkLength: number;
      /** Bytes in the bulk: fewer than asked for where the chunk ends. May be 0. */
      readonly length: number;
      /** CRC-32C of them. */
      readonly crc: number;
    }
  /** The chunk was never written: zeros, as far as the file is that long. */
  | { readonly kind: "hole" }
  | ({ readonly kind: "refused" } & Refusal);

export interface ReadAnswer {
  readonly items: readonly ReadOutcome[];
}

export const readQuestionCodec: Codec<ReadQuestion> = struct({
  trafficClass: trafficClassCodec,
  relaxed: bool,
  capabilities: list(bytes(CAPABILITY_BYTES_MAX), PROTOCOL_LIMITS.itemsMax),
  items: list(
    struct({ ...chainAtFields, key: chunkKeyCodec, offset: u32, length: u32, capability: u16 }),
    PROTOCOL_LIMITS.itemsMax,
  ),
});

export const readAnswerCodec: Codec<ReadAnswer> = struct({
  items: list(
    union({
      bytes: [1, struct({ version: varint, chunkLength: varint, length: varint, crc: u32 })],
      hole: [2, struct({})],
      refused: [3, refusalCodec],
    }) as Codec<ReadOutcome>,
    PROTOCOL_LIMITS.itemsMax,
  ),
});
