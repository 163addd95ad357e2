/**
 * Writes, many at once, to the heads of their chains. The question's bulk bytes are those of the items, one after another in
 * the order of the items, without gaps. Items are independent: they happen in any order, and each is answered for itself,
 * once every replica that serves, or is being brought up to date, has it (I2).
 */
import { type RequestId, requestIdCodec } from "../../ids.ts";
import { CAPABILITY_BYTES_MAX } from "../../service/capability.ts";
import { bytes, type Codec, list, struct, u16, u32, union, varint } from "../../wire/codec/index.ts";
import type { ChunkKey } from "../model/chunk.ts";
import {
  type ChainAt,
  type ChunkAfter,
  chainAtFields,
  chunkAfterFields,
  chunkKeyCodec,
  PROTOCOL_LIMITS,
  type TrafficClass,
  trafficClassCodec,
} from "./common.ts";
import { type Refusal, refusalCodec } from "./refusal.ts";

/**
 * Who asks, so that it happens once however often it is sent (I8): a session has channels, each with one request under way
 * at a time; the next request of a channel has a higher sequence number. A request that is sent again has all three as
 * before. What was given up without an answer may still happen until a later request of its channel is heard, or its
 * session is revoked.
 */
export interface RequestIdentity {
  readonly channel: number;
  readonly sequence: number;
  readonly request: RequestId;
}

export interface WriteItem extends ChainAt, RequestIdentity {
  readonly key: ChunkKey;
  /** Within the chunk; a gap behind the chunk's end is filled with zeros. */
  readonly offset: number;
  /**
   * Bytes in the bulk. With none it changes no bytes, makes the chunk if there is none, and like any other makes older
   * requests of its channel stale: that is how a writer gets rid of one that it gave up.
   */
  readonly length: number;
  /** CRC-32C of them. */
  readonly crc: number;
  /** Which of the question's; it names the session. */
  readonly capability: number;
}

export interface WriteQuestion {
  readonly trafficClass: TrafficClass;
  readonly capabilities: readonly Uint8Array[];
  readonly items: readonly WriteItem[];
}

export type WriteOutcome =
  | ({ readonly kind: "done" } & ChunkAfter)
  | ({ readonly kind: "refused" } & Refusal);

export interface WriteAnswer {
  readonly items: readonly WriteOutcome[];
}

export const identityFields: {
  readonly channel: Codec<number>;
  readonly sequence: Codec<number>;
  readonly request: Codec<RequestId>;
} = { channel: u16, sequence: varint, request: requestIdCodec };

export const writeQuestionCodec: Codec<WriteQuestion> = struct({
  trafficClass: trafficClassCodec,
  capabilities: list(bytes(CAPABILITY_BYTES_MAX), PROTOCOL_LIMITS.itemsMax),
  items: list(
    struct({
      ...chainAtFields,
      ...identityFields,
      key: chunkKeyCodec,
      offset: u32,
      length: u32,
      crc: u32,
      capability: u16,
    }),
    PROTOCOL_LIMITS.itemsMax,
  ),
});

export const writeAnswerCodec: Codec<WriteAnswer> = struct({
  items: list(
    union({ done: [1, struct(chunkAfterFields)], refused: [2, refusalCodec] }) as Codec<WriteOutcome>,
    PROTOCOL_LIMITS.itemsMax,
  ),
});
