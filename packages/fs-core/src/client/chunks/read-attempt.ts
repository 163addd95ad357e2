/** One item of a read on its way, and what each answer means for it. */
import { assert, ok, type PondError, type Result } from "@smallpond/base";
import type { LeasePart } from "@smallpond/fs-native";
import type { TargetId } from "../../ids.ts";
import { fsError } from "../../meta/model/errors.ts";
import type { Refusal } from "../../storage/protocol/refusal.ts";
import type { ChainView, Replica } from "./chain-map.ts";
import type { ChunkPlace, ChunkRead, ChunkReadDone } from "./chunk-io.ts";
import type { Place, Placed } from "./groups.ts";
import { bytesOf, partOf, viewOf } from "./pieces.ts";
import { errorOf, stepAfter } from "./refusal-steps.ts";
import type { Expirable } from "./renewals.ts";
import type { Attempt } from "./tries.ts";

const NO_TARGETS: readonly TargetId[] = [];

export class ReadAttempt implements Attempt<ChunkReadDone>, Expirable, Placed {
  readonly item: ChunkRead;
  readonly bytes: number;
  result: Result<ChunkReadDone, PondError> | undefined;
  reason: string = "the time was up before it was asked for";
  isLater: boolean = false;
  pauses: number = 0;
  avoid: readonly TargetId[] = NO_TARGETS;
  damaged: readonly TargetId[] = NO_TARGETS;
  wantsTail: boolean = false;
  shown: Uint8Array | undefined;
  /** Its capability has to be renewed before the next try. */
  isExpired: boolean = false;
  isRenewed: boolean = false;
  /** Bytes arrived that were not those that were sent. */
  isGarbled: boolean = false;
  noAnswers: number = 0;
  place: Place | undefined;

  constructor(item: ChunkRead) {
    this.item = item;
    this.bytes = bytesOf(item.into);
    checkPlace(item, this.bytes);
    assert(this.bytes > 0, "a read has at least one byte");
  }

  /** Where its bytes may be received without a copy. */
  get direct(): LeasePart | undefined {
    return partOf(this.item.into);
  }

  /** `now`: its chain as it is known by now. */
  refused(refusal: Refusal, now: ChainView | undefined): void {
    const { replica, view } = this.place!;
    this.reason = `${refusal.code}: ${refusal.message}`;
    switch (stepAfter(refusal.code)) {
      case "routing":
        this.isLater = now?.version === view.version;
        return;
      case "elsewhere":
      case "unknown":
        this.#elsewhere();
        return;
      case "tail":
        if (this.wantsTail) this.isLater = true;
        this.wantsTail = true;
        return;
      case "damaged":
        this.damaged = [...this.damaged, replica.target];
        this.wantsTail = false;
        return;
      case "renew":
        // Right after it was renewed: clocks are too far apart, perhaps only for now.
        this.isLater = this.isRenewed;
        this.isExpired = true;
        return;
      case "later":
      case "resend":
        this.isLater = true;
        return;
      case "final":
        break;
    }
    this.result = { ok: false, error: errorOf("read", subjectOf(this.item), refusal) };
  }

  /** The node did not answer, or with what cannot be. */
  failed(reason: string): void {
    this.reason = reason;
    this.noAnswers += 1;
    this.#elsewhere();
  }

  /** Nobody was asked. */
  later(reason: string): void {
    this.reason = reason;
    this.isLater = true;
  }

  /** `bytes`: how many of the memory's first are the chunk's. The rest becomes zeros. */
  done(bytes: number, chunkLength: number): void {
    if (bytes < this.bytes) viewOf(this.item.into).fill(0, bytes);
    this.result = ok({ bytes, chunkLength });
  }

  /** Nobody of those who serve can be asked. */
  unplaced(serving: readonly Replica[]): void {
    const allDamaged = serving.length > 0 && serving.every(({ target }) => this.damaged.includes(target));
    if (allDamaged) this.result = { ok: false, error: this.#lost(serving.length) };
    else this.isLater = true;
  }

  /** Everybody may be asked again: also whose bytes were damaged, as they may be repaired. */
  afterPause(): void {
    this.avoid = NO_TARGETS;
    this.damaged = NO_TARGETS;
    this.wantsTail = false;
  }

  late(): PondError {
    const subject = subjectOf(this.item);
    const { reason } = this;
    if (this.isGarbled) {
      return fsError("EIO", "read", subject, { reason: `bytes arrive damaged: ${reason}` });
    }
    return fsError("ETIMEDOUT", "read", subject, { reason: `not read in time: ${reason}` });
  }

  #elsewhere(): void {
    this.avoid = [...this.avoid, this.place!.replica.target];
    this.wantsTail = false;
  }

  #lost(replicas: number): PondError {
    return fsError("EIO", "read", subjectOf(this.item), {
      reason: `its bytes are damaged on all ${replicas} replicas: ${this.reason}`,
      hint: "look at the disks of these targets; restore the file from elsewhere",
    });
  }
}

export function subjectOf({ data, chunk }: ChunkPlace): string {
  return `chunk ${chunk} of inode ${data.inode}`;
}

export function checkPlace({ data, chunk, offset }: ChunkPlace, bytes: number): void {
  const { chunkBytes } = data.layout;
  assert(
    Number.isInteger(chunk) && chunk >= 0 && chunk <= 0xffff_ffff,
    `not the number of a chunk: ${chunk}`,
  );
  assert(Number.isInteger(offset) && offset >= 0, `not an offset: ${offset}`);
  assert(offset + bytes <= chunkBytes, `${bytes} bytes from ${offset} on leave a chunk of ${chunkBytes}`);
}
