/**
 * Messages of one kind to one node. Items that are asked for in one turn, by whomever, go in one message; when as many
 * messages as may be are under way, items gather for the next. So the busier a node is, the more items a message has.
 */
import type { NodeId } from "../../ids.ts";
import type { Patience } from "./tries.ts";

export interface LaneSettings {
  readonly questionsPerNodeMax: number;
  readonly batchItemsMax: number;
  readonly batchBytesMax: number;
  readonly waitingMax: number;
}

export interface LaneItem {
  readonly bytes: number;
}

/** Sends one message and gives each item its outcome. An item that has none when it resolves is asked for again. */
export type SendMessage<A> = (items: readonly A[], patience: Patience) => Promise<void>;

interface Waiting<A> {
  readonly items: readonly A[];
  readonly bytes: number;
  readonly patience: Patience;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening to the patience's signal. */
  readonly leave: () => void;
}

export class Lane<A extends LaneItem> {
  readonly #send: SendMessage<A>;
  readonly #settings: LaneSettings;
  readonly #waiting: Set<Waiting<A>> = new Set();
  #underWay = 0;
  #isDue = false;

  constructor(send: SendMessage<A>, settings: LaneSettings) {
    this.#send = send;
    this.#settings = settings;
  }

  get isIdle(): boolean {
    return this.#underWay === 0 && this.#waiting.size === 0;
  }

  /**
   * Resolves when a message with all of the items, and perhaps others, is over, or when the patience is: with false if
   * too many wait. At most as many items and bytes as a message has, or one item.
   */
  async ask(items: readonly A[], patience: Patience): Promise<boolean> {
    if (this.#waiting.size >= this.#settings.waitingMax) return false;
    const { signal } = patience;
    if (signal.aborted) return true;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(waiting);
        resolve();
      };
      const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
      const leave = (): void => signal.removeEventListener("abort", onAbort);
      const waiting: Waiting<A> = { items, bytes, patience, resolve, reject, leave };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(waiting);
      this.#sendSoon();
    });
    return true;
  }

  /** When this turn is over: others may want to ask in it, too. */
  #sendSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      while (this.#waiting.size > 0 && this.#underWay < this.#settings.questionsPerNodeMax) {
        void this.#run(this.#next());
      }
    });
  }

  #next(): readonly Waiting<A>[] {
    const { batchItemsMax, batchBytesMax } = this.#settings;
    const batch: Waiting<A>[] = [];
    let items = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      const isFull = items + waiting.items.length > batchItemsMax || bytes + waiting.bytes > batchBytesMax;
      if (batch.length > 0 && isFull) break;
      batch.push(waiting);
      items += waiting.items.length;
      bytes += waiting.bytes;
    }
    for (const waiting of batch) {
      this.#waiting.delete(waiting);
      waiting.leave();
    }
    return batch;
  }

  async #run(batch: readonly Waiting<A>[]): Promise<void> {
    this.#underWay += 1;
    const shared = sharedPatience(batch.map(({ patience }) => patience));
    try {
      await this.#send(
        batch.flatMap(({ items }) => items),
        shared.patience,
      );
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      shared.end();
      this.#underWay -= 1;
      this.#sendSoon();
    }
  }
}

/** The lanes there are: those with something to do, by node and kind. */
export class Lanes<A extends LaneItem> {
  readonly #settings: LaneSettings;
  readonly #lanes: Map<string, Lane<A>> = new Map();

  constructor(settings: LaneSettings) {
    this.#settings = settings;
  }

  /** As {@link Lane.ask}. `send` is of the first who asks: lanes of one node and kind send alike. */
  async ask(
    at: { readonly node: NodeId; readonly kind: string },
    items: readonly A[],
    send: SendMessage<A>,
    patience: Patience,
  ): Promise<boolean> {
    const key = `${at.node} ${at.kind}`;
    const lane = this.#lanes.get(key) ?? new Lane(send, this.#settings);
    this.#lanes.set(key, lane);
    try {
      return await lane.ask(items, patience);
    } finally {
      if (lane.isIdle && this.#lanes.get(key) === lane) this.#lanes.delete(key);
    }
  }
}

/**
 * Ends with the first that does: nobody waits longer than he may for memory that others use, too. Who has patience left
 * asks again.
 */
function sharedPatience(all: readonly Patience[]): { readonly patience: Patience; readonly end: () => void } {
  const [first] = all;
  if (first !== undefined && all.every(({ signal }) => signal === first.signal)) {
    return { patience: first, end: () => {} };
  }
  const controller = new AbortController();
  const leaves = all.map(({ signal }) => {
    const onAbort = (): void => controller.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    return () => signal.removeEventListener("abort", onAbort);
  });
  const untilMs = Math.min(...all.map((each) => each.untilMs));
  return {
    patience: { signal: controller.signal, untilMs },
    end: () => {
      for (const leave of leaves) leave();
    },
  };
}
