/**
 * The channels of one session (I8). Each has one request under way; the next one of the channel has a higher number, which
 * makes copies of the one before stale on the chain that hears it. A request that was given up, and of which a copy may be
 * under way, keeps its channel: nothing else goes by it until a request without bytes, of the same channel and to the same
 * chunk, has been answered.
 */
import { assert, type SignalOptions } from "@smallpond/base";
import type { ChainId, SessionId } from "../../ids.ts";
import type { ChunkPlace, WriteSession } from "../chunks/chunk-io.ts";

export interface Channel {
  readonly number: number;
  /** Of the last request. */
  sequence: number;
}

/** A request that may still happen. */
export interface Abandoned {
  readonly channel: Channel;
  readonly chain: ChainId;
  readonly place: ChunkPlace;
}

export class Writer implements WriteSession {
  readonly id: SessionId;
  readonly #channelsMax: number;
  readonly #free: Channel[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #abandoned: Set<Abandoned> = new Set();
  /** By chain: those who get rid of what was given up there, for all who want to write to it. */
  readonly #settling: Map<ChainId, Promise<void>> = new Map();
  #made = 0;

  constructor(id: SessionId, settings: { readonly channelsMax: number }) {
    this.id = id;
    this.#channelsMax = settings.channelsMax;
  }

  get unsettled(): number {
    return this.#abandoned.size;
  }

  get abandoned(): readonly Abandoned[] {
    return [...this.#abandoned];
  }

  /** A channel with nothing under way; waits for one in order of asking. */
  async take({ signal }: SignalOptions): Promise<Channel> {
    signal?.throwIfAborted();
    const free = this.#tryTake();
    if (free !== undefined) return free;
    await new Promise<void>((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(begin);
    });
    const given = this.#free.pop();
    assert(given !== undefined, "whoever is called has a channel");
    return given;
  }

  /** Nothing of it is under way any more. */
  release(channel: Channel): void {
    this.#free.push(channel);
    // The channel stays free until whoever waits takes it, in this turn.
    this.#waiting.shift()?.();
  }

  abandon(abandoned: Abandoned): void {
    this.#abandoned.add(abandoned);
  }

  /** A later request of its channel was answered. */
  settled(abandoned: Abandoned): void {
    if (this.#abandoned.delete(abandoned)) this.release(abandoned.channel);
  }

  /** Runs `work` for what was given up on the chain, once for all who ask meanwhile. */
  settleChain(chain: ChainId, work: (abandoned: readonly Abandoned[]) => Promise<void>): Promise<void> {
    const running = this.#settling.get(chain);
    if (running !== undefined) return running;
    const there = this.abandoned.filter((each) => each.chain === chain);
    if (there.length === 0) return Promise.resolve();
    const settling = work(there).finally(() => this.#settling.delete(chain));
    this.#settling.set(chain, settling);
    return settling;
  }

  #tryTake(): Channel | undefined {
    // Those who wait come first.
    if (this.#waiting.length === 0) {
      const free = this.#free.pop();
      if (free !== undefined) return free;
    }
    if (this.#made === this.#channelsMax) return undefined;
    this.#made += 1;
    return { number: this.#made - 1, sequence: 0 };
  }
}
