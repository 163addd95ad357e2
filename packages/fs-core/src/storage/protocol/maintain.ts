/** What metadata services ask of the chains of a file: its end, its truncation, its removal; and that sessions be over. */
import { type SessionId, sessionIdCodec } from "../../ids.ts";
import { bool, type Codec, f64, list, optional, struct, u32, union, varint } from "../../wire/codec/index.ts";
import type { FileData } from "../model/chunk.ts";
import { type ChainAt, chainAtCodec, chainAtFields, fileDataCodec, PROTOCOL_LIMITS } from "./common.ts";
import { type DoneOrRefused, doneOrRefusedCodec } from "./outcome.ts";
import { type Refusal, refusalCodec } from "./refusal.ts";

/** To the tail: it knows of every byte that was acknowledged before. */
export interface LastChunkQuestion {
  readonly items: readonly (ChainAt & { readonly file: FileData })[];
}

export type LastChunkOutcome =
  /** The last chunk of the file on this chain that has bytes. */
  | { readonly kind: "last"; readonly chunk: number; readonly length: number }
  | { readonly kind: "none" }
  | ({ readonly kind: "refused" } & Refusal);

export interface LastChunkAnswer {
  readonly items: readonly LastChunkOutcome[];
}

/** To the head: data that nobody refers to any more, and that nobody may write any more. The last chunks go first. */
export interface RemoveQuestion extends ChainAt {
  readonly file: FileData;
  readonly chunksMax: number;
}

export type RemoveAnswer =
  | { readonly kind: "removed"; readonly chunks: number; readonly more: boolean }
  | ({ readonly kind: "refused" } & Refusal);

/**
 * To the head. When it is done, chunks from `from` on have no bytes that were acknowledged before it was asked, and the
 * chunk of `cut` at most `length` of them; and truncations of the file with this version or a lower one change nothing any
 * more. Chunks are emptied and stay, so that their versions never start again.
 */
export interface TruncateQuestion extends ChainAt {
  readonly file: FileData;
  readonly truncateVersion: number;
  readonly from: number;
  readonly cut: { readonly chunk: number; readonly length: number } | undefined;
}

/** To the heads of the chains: all that the sessions send later is refused on each replica, for ever (I11). */
export interface RevokeQuestion {
  readonly chains: readonly ChainAt[];
  readonly sessions: readonly SessionId[];
  /** By the wall clock: their capabilities are expired by then everywhere. */
  readonly untilMs: number;
}

export interface RevokeAnswer {
  /** In the order of the chains. */
  readonly chains: readonly DoneOrRefused[];
}

const itemsMax = PROTOCOL_LIMITS.itemsMax;

export const lastChunkQuestionCodec: Codec<LastChunkQuestion> = struct({
  items: list(struct({ ...chainAtFields, file: fileDataCodec }), itemsMax),
});

export const lastChunkAnswerCodec: Codec<LastChunkAnswer> = struct({
  items: list(
    union({
      last: [1, struct({ chunk: u32, length: varint })],
      none: [2, struct({})],
      refused: [3, refusalCodec],
    }) as Codec<LastChunkOutcome>,
    itemsMax,
  ),
});

export const removeQuestionCodec: Codec<RemoveQuestion> = struct({
  ...chainAtFields,
  file: fileDataCodec,
  chunksMax: varint,
});

export const removeAnswerCodec: Codec<RemoveAnswer> = union({
  removed: [1, struct({ chunks: varint, more: bool })],
  refused: [2, refusalCodec],
}) as Codec<RemoveAnswer>;

export const truncateQuestionCodec: Codec<TruncateQuestion> = struct({
  ...chainAtFields,
  file: fileDataCodec,
  truncateVersion: u32,
  from: u32,
  cut: optional(struct({ chunk: u32, length: u32 })),
});

export const revokeQuestionCodec: Codec<RevokeQuestion> = struct({
  chains: list(chainAtCodec, PROTOCOL_LIMITS.entriesMax),
  sessions: list(sessionIdCodec, PROTOCOL_LIMITS.entriesMax),
  untilMs: f64,
});

export const revokeAnswerCodec: Codec<RevokeAnswer> = struct({
  chains: list(doneOrRefusedCodec, PROTOCOL_LIMITS.entriesMax),
});
