/**
 * How a replica that was away is brought up to date by its predecessor, the last one that serves. All of it is of one chain
 * version: with the next one it begins anew, and what is the same already is not sent again. Chunks are sent as `replace`
 * (see `forward.ts`), removed by a note.
 */
import { type SessionId, sessionIdCodec } from "../../ids.ts";
import {
  bool,
  bytes,
  type Codec,
  f64,
  list,
  optional,
  struct,
  u32,
  union,
  varint,
} from "../../wire/codec/index.ts";
import { type DedupeEntry, RESULT_BYTES_MAX } from "../journal/records.ts";
import type { ChunkKey, FileData } from "../model/chunk.ts";
import { type ChainAt, chainAtFields, chunkKeyCodec, fileDataCodec, PROTOCOL_LIMITS } from "./common.ts";
import { type Refusal, refusalCodec } from "./refusal.ts";
import { identityFields } from "./write.ts";

/** What the predecessor remembers beside chunks; any number of such messages. */
export interface SyncNotesQuestion extends ChainAt {
  /** With the first: what the replica remembers itself is void. */
  readonly first: boolean;
  readonly answers: readonly DedupeEntry[];
  readonly revoked: readonly { readonly session: SessionId; readonly untilMs: number }[];
  readonly truncated: readonly { readonly file: FileData; readonly truncateVersion: number }[];
}

/** What the replica has, in order, from `from` on. */
export interface SyncListQuestion extends ChainAt {
  readonly from: ChunkKey | undefined;
  readonly limit: number;
}

export interface SyncChunk {
  readonly key: ChunkKey;
  /** 0: nothing is committed. */
  readonly version: number;
  readonly chainVersion: number;
  readonly length: number;
  readonly crc: number;
  readonly pending: boolean;
}

export type SyncListAnswer =
  | { readonly kind: "chunks"; readonly chunks: readonly SyncChunk[]; readonly more: boolean }
  | ({ readonly kind: "refused" } & Refusal);

/** The replica has everything. */
export interface SyncEndQuestion extends ChainAt {}

/**
 * A chunk that is damaged where the question comes from. What is committed is the answer, its bytes in the bulk; an update on
 * its way does not matter.
 */
export interface FetchQuestion extends ChainAt {
  readonly key: ChunkKey;
}

export type FetchAnswer =
  | {
      readonly kind: "chunk";
      readonly version: number;
      readonly chainVersion: number;
      readonly length: number;
      readonly crc: number;
    }
  /** It is not there. */
  | { readonly kind: "none" }
  | ({ readonly kind: "refused" } & Refusal);

const { entriesMax } = PROTOCOL_LIMITS;

const answerCodec: Codec<DedupeEntry> = struct({
  session: sessionIdCodec,
  ...identityFields,
  result: bytes(RESULT_BYTES_MAX),
});

export const syncNotesQuestionCodec: Codec<SyncNotesQuestion> = struct({
  ...chainAtFields,
  first: bool,
  answers: list(answerCodec, entriesMax),
  revoked: list(struct({ session: sessionIdCodec, untilMs: f64 }), entriesMax),
  truncated: list(struct({ file: fileDataCodec, truncateVersion: u32 }), entriesMax),
});

export const syncListQuestionCodec: Codec<SyncListQuestion> = struct({
  ...chainAtFields,
  from: optional(chunkKeyCodec),
  limit: varint,
});

export const syncListAnswerCodec: Codec<SyncListAnswer> = union({
  chunks: [
    1,
    struct({
      chunks: list(
        struct({
          key: chunkKeyCodec,
          version: varint,
          chainVersion: u32,
          length: varint,
          crc: u32,
          pending: bool,
        }),
        entriesMax,
      ),
      more: bool,
    }),
  ],
  refused: [2, refusalCodec],
}) as Codec<SyncListAnswer>;

export const syncEndQuestionCodec: Codec<SyncEndQuestion> = struct(chainAtFields);

export const fetchQuestionCodec: Codec<FetchQuestion> = struct({ ...chainAtFields, key: chunkKeyCodec });

export const fetchAnswerCodec: Codec<FetchAnswer> = union({
  chunk: [1, struct({ version: varint, chainVersion: u32, length: varint, crc: u32 })],
  none: [2, struct({})],
  refused: [3, refusalCodec],
}) as Codec<FetchAnswer>;
