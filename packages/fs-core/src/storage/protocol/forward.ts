/**
 * What a replica passes on to its successor. Bulk bytes stand as in `write.ts`.
 *
 * `link` tells late copies of a message from the message: a predecessor numbers what it passes on to one successor under one
 * chain version, and says below which number everything has been answered. What comes later with such a number is a copy of
 * something old and is refused.
 */
import { type SessionId, sessionIdCodec } from "../../ids.ts";
import { type Codec, f64, list, optional, struct, u32, union, varint } from "../../wire/codec/index.ts";
import type { ChunkKey, FileData } from "../model/chunk.ts";
import {
  type ChainAt,
  type ChunkAfter,
  chainAtFields,
  chunkAfterFields,
  chunkKeyCodec,
  fileDataCodec,
  PROTOCOL_LIMITS,
  type TrafficClass,
  trafficClassCodec,
} from "./common.ts";
import { type Refusal, refusalCodec } from "./refusal.ts";
import { identityFields, type RequestIdentity } from "./write.ts";

export interface Link {
  readonly sequence: number;
  readonly settledBelow: number;
}

/** What becomes of a chunk. */
export type ForwardedAction =
  | { readonly kind: "write"; readonly offset: number; readonly length: number; readonly crc: number }
  | { readonly kind: "truncate"; readonly length: number }
  /**
   * The chunk is these bytes, whatever it was. To a replica that serves: it is pending there and passed on, like any other
   * update. To one that is being brought up to date: it is committed there at once.
   */
  | {
      readonly kind: "replace";
      readonly length: number;
      readonly crc: number;
      /** When its version was committed, where it was. */
      readonly committedAt: number | undefined;
    };

export interface ForwardItem extends ChainAt {
  readonly link: Link;
  readonly key: ChunkKey;
  readonly version: number;
  readonly action: ForwardedAction;
  /** Whose request it is, for the replica to remember together with the update; nobody's in a resync. */
  readonly dedupe: ({ readonly session: SessionId } & RequestIdentity) | undefined;
}

export interface ForwardQuestion {
  readonly trafficClass: TrafficClass;
  readonly items: readonly ForwardItem[];
}

export type ForwardOutcome =
  /** It is committed there and on everybody behind. */
  ({ readonly kind: "committed" } & ChunkAfter) | ({ readonly kind: "refused" } & Refusal);

export interface ForwardAnswer {
  readonly items: readonly ForwardOutcome[];
}

/** What all replicas of a chain note down beside chunks, the last one first. */
export type ChainNote =
  /** These chunks of data that nobody refers to any more are gone. */
  | { readonly kind: "remove"; readonly file: FileData; readonly chunks: readonly number[] }
  /** Truncations of the file up to this version are done. */
  | { readonly kind: "truncated"; readonly file: FileData; readonly truncateVersion: number }
  /** Nothing of these sessions is done any more. The note may be forgotten after `untilMs`, by the wall clock. */
  | { readonly kind: "revoked"; readonly sessions: readonly SessionId[]; readonly untilMs: number };

export interface NoteQuestion extends ChainAt {
  readonly link: Link;
  readonly note: ChainNote;
}

const linkCodec: Codec<Link> = struct({ sequence: varint, settledBelow: varint });

export const forwardQuestionCodec: Codec<ForwardQuestion> = struct({
  trafficClass: trafficClassCodec,
  items: list(
    struct({
      ...chainAtFields,
      link: linkCodec,
      key: chunkKeyCodec,
      version: varint,
      action: union({
        write: [1, struct({ offset: u32, length: u32, crc: u32 })],
        truncate: [2, struct({ length: u32 })],
        replace: [3, struct({ length: u32, crc: u32, committedAt: optional(u32) })],
      }) as Codec<ForwardedAction>,
      dedupe: optional(struct({ session: sessionIdCodec, ...identityFields })),
    }),
    PROTOCOL_LIMITS.itemsMax,
  ),
});

export const forwardAnswerCodec: Codec<ForwardAnswer> = struct({
  items: list(
    union({ committed: [1, struct(chunkAfterFields)], refused: [2, refusalCodec] }) as Codec<ForwardOutcome>,
    PROTOCOL_LIMITS.itemsMax,
  ),
});

export const chainNoteCodec: Codec<ChainNote> = union({
  remove: [1, struct({ file: fileDataCodec, chunks: list(u32, PROTOCOL_LIMITS.entriesMax) })],
  truncated: [2, struct({ file: fileDataCodec, truncateVersion: u32 })],
  revoked: [3, struct({ sessions: list(sessionIdCodec, PROTOCOL_LIMITS.entriesMax), untilMs: f64 })],
}) as Codec<ChainNote>;

export const noteQuestionCodec: Codec<NoteQuestion> = struct({
  ...chainAtFields,
  link: linkCodec,
  note: chainNoteCodec,
});
