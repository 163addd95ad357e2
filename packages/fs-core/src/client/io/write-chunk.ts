/** Writes a piece of one chunk through the head of its chain, once, for as long as there is time. */
import { isPondError, type PondError, type Random, type SignalOptions } from "@smallpond/base";
import type { Crc32c, Piece } from "@smallpond/fs-native";
import { newRandomId, type RequestId } from "../../ids.ts";
import { keyText } from "../../storage/model/chunk.ts";
import type { Refusal } from "../../storage/protocol/refusal.ts";
import type { WriteItem, WriteOutcome } from "../../storage/protocol/write.ts";
import type { ChainPlaces, ReplicaPlace } from "./chain-places.ts";
import type { ChunkPlace, ChunkWrite, ChunkWriteDone } from "../chunks/chunk-io.ts";
import { viewOf } from "./memory.ts";
import type { Renewals } from "./renewals.ts";
import type { Tries } from "./tries.ts";
import { errorOf, isOpen, NOBODY, nextOf, refusalOf } from "./verdict.ts";
import type { WriteLaneItem } from "./write-lane.ts";
import type { Abandoned, Channel, Writer } from "./writer.ts";

export interface WriteChunkDeps {
  readonly places: ChainPlaces;
  readonly renewals: Renewals;
  readonly random: Random;
  readonly crc32c: Crc32c;
  /** Sends it to the head's node, together with others. */
  readonly send: (place: ReplicaPlace, item: WriteLaneItem) => Promise<WriteOutcome>;
}

export async function writeChunk(
  deps: WriteChunkDeps,
  item: ChunkWrite & { readonly session: Writer },
  tries: Tries,
  options: SignalOptions,
): Promise<ChunkWriteDone> {
  const { session, bytes } = item;
  const chain = await chainOf(deps, item, tries, options);
  while (session.abandoned.some((each) => each.chain === chain)) {
    await session.settleChain(chain, (abandoned) => settleAll(deps, session, abandoned, tries));
    options.signal?.throwIfAborted();
  }
  const channel = await session.take(options);
  const request = new Request(deps, item, { channel, pieces: bytes });
  try {
    const done = await request.run(tries, options);
    session.release(channel);
    return done;
  } catch (error) {
    if (request.isOpen) session.abandon({ channel, chain, place: item });
    else session.release(channel);
    throw error;
  }
}

/** Makes sure that none of these happens any more. Rejects with the first that could not be asked about. */
export async function settleAll(
  deps: WriteChunkDeps,
  session: Writer,
  abandoned: readonly Abandoned[],
  tries: Tries,
): Promise<void> {
  const outcomes = await Promise.allSettled(
    abandoned.map(async (each) => {
      try {
        await new Request(deps, each.place, { channel: each.channel, pieces: [] }).run(tries, {});
      } catch (error) {
        // A session that was taken away is settled, and so is data that is gone.
        if (!["ESTALE", "EBADF"].some((code) => isPondError(error, code))) throw error;
      }
      session.settled(each);
    }),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

async function chainOf(
  { places }: WriteChunkDeps,
  { data, chunk }: ChunkPlace,
  tries: Tries,
  options: SignalOptions,
): Promise<NonNullable<ReturnType<ChainPlaces["chainOf"]>>> {
  for (;;) {
    const chain = places.chainOf(data, chunk);
    if (chain !== undefined) return chain;
    if (await tries.pause(options)) continue;
    const refusal = { ...NOBODY, message: "the routing does not have the file's chain table" };
    throw errorOf(refusal, { operation: "write", subject: `inode ${data.inode}` }, { late: true });
  }
}

/** One request, with one identity through all tries. */
class Request {
  readonly #deps: WriteChunkDeps;
  readonly #place: ChunkPlace;
  readonly #pieces: readonly Piece[];
  readonly #fixed: Omit<WriteItem, "capability" | "chain" | "chainVersion">;
  #shown: Uint8Array;
  #open = false;

  constructor(
    deps: WriteChunkDeps,
    place: ChunkPlace,
    how: { readonly channel: Channel; readonly pieces: readonly Piece[] },
  ) {
    const { crc32c, random } = deps;
    const { data, chunk, offset, capability } = place;
    const { inode, dataVersion } = data;
    this.#deps = deps;
    this.#place = place;
    this.#pieces = how.pieces;
    this.#shown = capability.current;
    how.channel.sequence += 1;
    let [length, crc] = [0, 0];
    for (const piece of how.pieces) {
      const view = viewOf(piece);
      crc = length === 0 ? crc32c.of(view) : crc32c.combine(crc, crc32c.of(view), view.length);
      length += view.length;
    }
    this.#fixed = {
      key: { inode, dataVersion, chunk },
      offset,
      length,
      crc: crc >>> 0,
      channel: how.channel.number,
      sequence: how.channel.sequence,
      request: newRandomId<RequestId>(random),
    };
  }

  /** Whether it may still happen although it is not known to have. */
  get isOpen(): boolean {
    return this.#open;
  }

  async run(tries: Tries, options: SignalOptions): Promise<ChunkWriteDone> {
    for (;;) {
      const outcome = await this.#once(options.signal);
      if (outcome.kind === "done") return { chunkLength: outcome.length };
      options.signal?.throwIfAborted();
      if (isOpen(outcome)) this.#open = true;
      await this.#next(outcome, tries, options);
    }
  }

  async #once(signal: AbortSignal | undefined): Promise<WriteOutcome> {
    const { places, send } = this.#deps;
    const { data, chunk, capability } = this.#place;
    const chain = places.chainOf(data, chunk);
    const place = chain === undefined ? undefined : places.placeOf(chain);
    const head = place?.serving[0];
    if (place === undefined || head === undefined) return { kind: "refused", ...NOBODY };
    this.#shown = capability.current;
    const write = { ...this.#fixed, chain: place.chain, chainVersion: place.chainVersion };
    const sent = { write, capability: this.#shown, pieces: this.#pieces };
    try {
      return await send(head, { ...sent, bytes: write.length, alone: false, signal });
    } catch (error) {
      const known = isPondError(error) && error.kind === "retry";
      if (!known) this.#open = true;
      signal?.throwIfAborted();
      return { kind: "refused", ...refusalOf(error) };
    }
  }

  async #next(refusal: Refusal, tries: Tries, options: SignalOptions): Promise<void> {
    switch (nextOf(refusal)) {
      case "renew":
        await this.#deps.renewals.renew(this.#place.capability, this.#shown);
        if (tries.isLate) throw this.#error(refusal, { late: true });
        return;
      case "final":
        throw this.#error(refusal, { late: false });
      default:
        if (!(await tries.pause(options))) throw this.#error(refusal, { late: true });
    }
  }

  #error(refusal: Refusal, options: { readonly late: boolean }): PondError {
    const { data, chunk } = this.#place;
    const subject = `chunk ${keyText({ ...data, chunk })}`;
    return errorOf(refusal, { operation: "write", subject }, options);
  }
}
