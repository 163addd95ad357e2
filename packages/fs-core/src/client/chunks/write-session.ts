/**
 * A session's channels (I8), and what of its requests was given up.
 *
 * Storage remembers, on each chain, the last request of each channel that the chain heard, and takes nothing older. So while
 * a request is tried again it keeps its identity, and happens once. Once it was answered, its channel may be used for
 * anything: where copies of the request are still under way, the chain either remembers the request itself, and answers
 * them as before, or a later one of the channel, and refuses them.
 *
 * A request that was given up without an answer is another matter. The chain may never have heard of it; a copy under way
 * then happens whenever it arrives, over what was written meanwhile. A later request of the channel would only help if the
 * same chain hears it. Therefore the channel is set aside, until a write of no bytes to the same chunk, with the channel's
 * next number, was answered: from then on the chain refuses the old one. To the same chunk, because updates of one chunk
 * happen one after another: a copy that is already being carried out is over by then. Nothing else of the session is sent
 * to that chain before that.
 */
import { assert, type SignalOptions } from "@smallpond/base";
import type { ChainId, SessionId } from "../../ids.ts";
import type { ChunkPlace, WriteSession } from "./chunk-io.ts";

export interface WriteChannel {
  readonly number: number;
  /** Of its last request; 0 before the first. */
  sequence: number;
}

/** A request that was given up and may still happen. */
export interface GivenUp {
  readonly channel: WriteChannel;
  readonly chain: ChainId;
  readonly place: ChunkPlace;
  /** While it is being made sure that it does not. */
  fencing: Promise<void> | undefined;
}

export class ChannelSession implements WriteSession {
  readonly id: SessionId;
  readonly #channelsMax: number;
  /** The last one used is used next: storage remembers an answer for each. */
  readonly #free: WriteChannel[] = [];
  readonly #givenUp: Map<number, GivenUp> = new Map();
  readonly #waiters: Set<() => void> = new Set();
  #made = 0;
  #inUse = 0;

  constructor(id: SessionId, settings: { readonly channelsMax: number }) {
    this.id = id;
    this.#channelsMax = settings.channelsMax;
  }

  get unsettled(): number {
    return this.#givenUp.size;
  }

  /** Undefined when as many as may be are in use. */
  tryTake(): WriteChannel | undefined {
    if (this.#inUse >= this.#channelsMax) return undefined;
    this.#inUse += 1;
    const free = this.#free.pop();
    if (free !== undefined) return free;
    assert(this.#made < 0xffff, "a session has at most 65,535 channels");
    return { number: this.#made++, sequence: 0 };
  }

  /** Returns when there may be a channel. An abort rejects with `signal.reason`. */
  async channelFreed({ signal }: SignalOptions): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(wake);
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(wake);
    });
  }

  /** Its request was answered, or was never sent. */
  give(channel: WriteChannel): void {
    this.#free.push(channel);
    this.#left();
  }

  /** Its request may still happen. */
  setAside(channel: WriteChannel, about: Pick<GivenUp, "chain" | "place">): void {
    this.#givenUp.set(channel.number, { ...about, channel, fencing: undefined });
    this.#left();
  }

  givenUpOn(chain: ChainId | undefined): readonly GivenUp[] {
    if (this.#givenUp.size === 0 || chain === undefined) return [];
    return [...this.#givenUp.values()].filter((each) => each.chain === chain);
  }

  allGivenUp(): readonly GivenUp[] {
    return [...this.#givenUp.values()];
  }

  isGivenUp(each: GivenUp): boolean {
    return this.#givenUp.get(each.channel.number) === each;
  }

  /** The chain refuses the old request from now on. */
  settled(each: GivenUp): void {
    if (!this.isGivenUp(each)) return;
    this.#givenUp.delete(each.channel.number);
    this.#free.push(each.channel);
  }

  #left(): void {
    this.#inUse -= 1;
    // All of them: who is woken may have given up meanwhile.
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }
}
