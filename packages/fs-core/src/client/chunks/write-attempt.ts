/** One item of a write on its way, and what each answer means for it. */
import { ok, type PondError, type Result } from "@smallpond/base";
import type { Piece } from "@smallpond/fs-native";
import type { ChainId, RequestId } from "../../ids.ts";
import { fsError } from "../../meta/model/errors.ts";
import type { Refusal } from "../../storage/protocol/refusal.ts";
import type { RequestIdentity } from "../../storage/protocol/write.ts";
import type { ChainView } from "./chain-map.ts";
import type { ChunkPlace, ChunkWriteDone } from "./chunk-io.ts";
import type { Place, Placed } from "./groups.ts";
import { bytesOf } from "./pieces.ts";
import { checkPlace, subjectOf } from "./read-attempt.ts";
import { errorOf, stepAfter } from "./refusal-steps.ts";
import type { Expirable } from "./renewals.ts";
import type { Attempt } from "./tries.ts";
import type { ChannelSession, WriteChannel } from "./write-session.ts";

/** Times that bytes may arrive garbled before it is said that they do. */
const GARBLED_MAX = 5;

export class WriteAttempt implements Attempt<ChunkWriteDone>, Expirable, Placed {
  readonly item: ChunkPlace;
  readonly session: ChannelSession;
  readonly pieces: readonly Piece[];
  /** 0 of a fence: see `write-session.ts`. */
  readonly bytes: number;
  /** CRC-32C of the bytes, once it is known. */
  crc: number | undefined;
  result: Result<ChunkWriteDone, PondError> | undefined;
  reason: string = "the time was up before it was sent";
  isLater: boolean = false;
  pauses: number = 0;
  shown: Uint8Array | undefined;
  isExpired: boolean = false;
  isRenewed: boolean = false;
  noAnswers: number = 0;
  place: Place | undefined;
  /** Its own while it is on its way. */
  channel: WriteChannel | undefined;
  identity: RequestIdentity | undefined;
  /** Where it was sent. */
  chain: ChainId | undefined;
  /** A copy of it was sent, and it is not known that it was not carried out. */
  mayHappen: boolean = false;
  isRevoked: boolean = false;
  #garbled = 0;

  constructor(item: ChunkPlace, session: ChannelSession, pieces: readonly Piece[]) {
    this.item = item;
    this.session = session;
    this.pieces = pieces;
    this.bytes = pieces.reduce((sum, piece) => sum + bytesOf(piece), 0);
    checkPlace(item, this.bytes);
  }

  /** From now on it is this request, however often it is sent. */
  begin(channel: WriteChannel, request: RequestId): void {
    channel.sequence += 1;
    this.channel = channel;
    this.identity = { channel: channel.number, sequence: channel.sequence, request };
  }

  /** `now`: its chain as it is known by now. */
  refused(refusal: Refusal, now: ChainView | undefined): void {
    this.reason = `${refusal.code}: ${refusal.message}`;
    this.isLater = true;
    switch (stepAfter(refusal.code)) {
      case "routing":
        this.isLater = now?.version === this.place!.view.version;
        return;
      case "unknown":
        this.mayHappen = true;
        return;
      case "resend":
        this.#garbled += 1;
        if (this.#garbled < GARBLED_MAX) return;
        this.result = { ok: false, error: this.#garbles() };
        return;
      case "renew":
        // Right after it was renewed: clocks are too far apart, perhaps only for now.
        this.isLater = this.isRenewed;
        this.isExpired = true;
        return;
      case "elsewhere":
      case "tail":
      case "damaged":
      case "later":
        return;
      case "final":
        break;
    }
    this.isRevoked = refusal.code === "SESSION_REVOKED";
    this.result = { ok: false, error: errorOf("write", subjectOf(this.item), refusal) };
  }

  failed(reason: string): void {
    this.reason = reason;
    this.noAnswers += 1;
    this.isLater = true;
  }

  done(chunkLength: number): void {
    this.mayHappen = false;
    this.result = ok({ chunkLength });
  }

  late(): PondError {
    const outcome = this.mayHappen ? "not known to be written in time" : "not written in time";
    return fsError("ETIMEDOUT", "write", subjectOf(this.item), { reason: `${outcome}: ${this.reason}` });
  }

  #garbles(): PondError {
    return fsError("EIO", "write", subjectOf(this.item), {
      reason: `the bytes that arrive are not those that were sent, ${GARBLED_MAX} times`,
      hint: "leave the memory alone until the write has resolved; else look for broken memory or network cards",
    });
  }
}
