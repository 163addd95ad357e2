/** Reads a piece of one chunk, from whichever replica has it, for as long as there is time. */
import type { PondError } from "@smallpond/base";
import type { TargetId } from "../../ids.ts";
import { keyText } from "../../storage/model/chunk.ts";
import type { ReadItem } from "../../storage/protocol/read.ts";
import type { Refusal } from "../../storage/protocol/refusal.ts";
import type { ChainPlace, ChainPlaces, ReplicaPlace } from "./chain-places.ts";
import type { ChunkRead, ChunkReadDone } from "../chunks/chunk-io.ts";
import { leased, viewOf } from "./memory.ts";
import type { ReadLaneItem, ReadLaneOutcome } from "./read-lane.ts";
import type { Renewals } from "./renewals.ts";
import type { Tries } from "./tries.ts";
import { errorOf, NOBODY, nextOf, refusalOf } from "./verdict.ts";

export interface ReadChunkDeps {
  readonly places: ChainPlaces;
  readonly renewals: Renewals;
  /** Sends it to the replica's node, together with others. */
  readonly send: (place: ReplicaPlace, item: ReadLaneItem) => Promise<ReadLaneOutcome>;
  /** One of several replicas that will do. */
  readonly choose: (replicas: readonly ReplicaPlace[]) => ReplicaPlace;
  readonly directBytesMin: number;
}

export async function readChunk(
  deps: ReadChunkDeps,
  item: ChunkRead,
  tries: Tries,
  options: { readonly signal: AbortSignal | undefined },
): Promise<ChunkReadDone> {
  const { signal } = options;
  const reading = new Reading(deps, item);
  for (;;) {
    const outcome = await reading.once(signal);
    signal?.throwIfAborted();
    if (outcome.kind !== "refused") return filled(item, outcome);
    const step = await reading.next(outcome, tries);
    if (step === "pause" && !(await tries.pause(options))) throw reading.error(outcome, { late: true });
    if (tries.isLate) throw reading.error(outcome, { late: true });
  }
}

class Reading {
  readonly #deps: ReadChunkDeps;
  readonly #item: ChunkRead;
  readonly #into: Uint8Array;
  /** Whose bytes are damaged. */
  readonly #damaged: Set<TargetId> = new Set();
  /** Who did not answer; forgotten when nobody else is left. */
  readonly #silent: Set<TargetId> = new Set();
  #asked: ReplicaPlace | undefined;
  #shown: Uint8Array;
  #fromTail = false;

  constructor(deps: ReadChunkDeps, item: ChunkRead) {
    this.#deps = deps;
    this.#item = item;
    this.#into = viewOf(item.into);
    this.#shown = item.capability.current;
  }

  async once(signal: AbortSignal | undefined): Promise<ReadLaneOutcome> {
    const { data, chunk, offset, capability, into } = this.#item;
    const { places, send, directBytesMin } = this.#deps;
    const chain = places.chainOf(data, chunk);
    const place = chain === undefined ? undefined : places.placeOf(chain);
    const replica = place && this.#replicaOf(place);
    if (place === undefined || replica === undefined) return { kind: "refused", ...NOBODY };
    this.#asked = replica;
    this.#shown = capability.current;
    const { inode, dataVersion } = data;
    const { length } = this.#into;
    const read: Omit<ReadItem, "capability"> = {
      chain: place.chain,
      chainVersion: place.chainVersion,
      key: { inode, dataVersion, chunk },
      offset,
      length,
    };
    const direct = length >= directBytesMin ? leased(into) : undefined;
    const sent = { read, capability: this.#shown, into: this.#into, direct, bytes: length, signal };
    try {
      return await send(replica, { ...sent, alone: direct !== undefined });
    } catch (error) {
      signal?.throwIfAborted();
      this.#silent.add(replica.target);
      return { kind: "refused", ...refusalOf(error) };
    }
  }

  /** What to do now: at once again, or after a pause. Throws the item's error if nothing will help. */
  async next(refusal: Refusal, tries: Tries): Promise<"again" | "pause"> {
    const { capability } = this.#item;
    switch (nextOf(refusal)) {
      case "later":
        if (refusal.code === "NOT_READY" && this.#asked !== undefined) this.#silent.add(this.#asked.target);
        this.#fromTail = false;
        return "pause";
      case "tail":
        // The tail itself is just being made one.
        if (this.#fromTail) return "pause";
        this.#fromTail = true;
        return "again";
      case "elsewhere":
        this.#fromTail = false;
        return this.#leaveOut(refusal);
      case "renew":
        await this.#deps.renewals.renew(capability, this.#shown);
        return tries.isLate ? "pause" : "again";
      case "final":
        throw this.error(refusal, { late: false });
    }
  }

  error(refusal: Refusal, options: { readonly late: boolean }): PondError {
    const { data, chunk } = this.#item;
    const subject = `chunk ${keyText({ ...data, chunk })}`;
    return errorOf(refusal, { operation: "read", subject }, options);
  }

  #leaveOut(refusal: Refusal): "again" {
    if (this.#asked !== undefined) this.#damaged.add(this.#asked.target);
    const { data, chunk } = this.#item;
    const chain = this.#deps.places.chainOf(data, chunk);
    const serving = (chain === undefined ? undefined : this.#deps.places.placeOf(chain))?.serving ?? [];
    // Each that serves now was asked: that one of them mends the other takes longer than anybody should wait.
    if (serving.every(({ target }) => this.#damaged.has(target))) throw this.error(refusal, { late: false });
    return "again";
  }

  #replicaOf({ serving }: ChainPlace): ReplicaPlace | undefined {
    const whole = serving.filter(({ target }) => !this.#damaged.has(target));
    if (this.#fromTail) return whole.at(-1) === serving.at(-1) ? serving.at(-1) : undefined;
    let candidates = whole.filter(({ target }) => !this.#silent.has(target));
    if (candidates.length === 0) {
      this.#silent.clear();
      candidates = whole;
    }
    return candidates.length === 0 ? undefined : this.#deps.choose(candidates);
  }
}

function filled({ into }: ChunkRead, outcome: Exclude<ReadLaneOutcome, { kind: "refused" }>): ChunkReadDone {
  const view = viewOf(into);
  const bytes = outcome.kind === "hole" ? 0 : outcome.length;
  view.fill(0, bytes);
  return { bytes, chunkLength: outcome.kind === "hole" ? 0 : outcome.chunkLength };
}
