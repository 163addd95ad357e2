/**
 * Items on their way to one node. Those that are asked for in one turn, for any files, go in one question; when as many
 * questions as may be are under way, or their bytes fill the window, items gather for the next.
 */
import { assert } from "@smallpond/base";
import type { ByteWindow } from "./window.ts";

export interface LaneItem {
  /** Of the question or the answer, whichever has them. */
  readonly bytes: number;
  /** Wants a question of its own. */
  readonly alone: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface LaneDeps<I extends LaneItem, O> {
  readonly node: string;
  readonly window: ByteWindow;
  /** An outcome for each item. The signal aborts when nobody waits for any of them. */
  readonly ask: (items: readonly I[], options: { readonly signal: AbortSignal }) => Promise<readonly O[]>;
}

export interface LaneSettings {
  readonly questionsMax: number;
  readonly questionItemsMax: number;
  readonly questionBytesMax: number;
}

interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (outcome: O) => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening to the signal. */
  leave: () => void;
}

export class NodeLane<I extends LaneItem, O> {
  readonly #deps: LaneDeps<I, O>;
  readonly #settings: LaneSettings;
  readonly #waiting: Waiting<I, O>[] = [];
  #questions = 0;
  #isDue = false;

  constructor(deps: LaneDeps<I, O>, settings: LaneSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** Nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#questions === 0;
  }

  /** Rejects when the question does. After an abort it settles when the item's memory is not used any more. */
  send(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      item.signal?.throwIfAborted();
      const waiting: Waiting<I, O> = { item, resolve, reject, leave: () => {} };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(item.signal?.reason as Error);
      };
      item.signal?.addEventListener("abort", giveUp, { once: true });
      waiting.leave = () => item.signal?.removeEventListener("abort", giveUp);
      this.#waiting.push(waiting);
      this.#fillSoon();
    });
  }

  /** When this turn is over: others may want to send in it, too. */
  #fillSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#fill();
    });
  }

  #fill(): void {
    const { node, window } = this.#deps;
    while (this.#waiting.length > 0 && this.#questions < this.#settings.questionsMax) {
      const count = this.#countOfNext();
      const bytes = this.#waiting.slice(0, count).reduce((sum, { item }) => sum + item.bytes, 0);
      if (!window.take(node, bytes)) {
        window.wait(() => this.#fillSoon());
        return;
      }
      const batch = this.#waiting.splice(0, count);
      for (const each of batch) each.leave();
      void this.#ask(batch, bytes);
    }
  }

  #countOfNext(): number {
    const { questionItemsMax, questionBytesMax } = this.#settings;
    let [count, bytes] = [0, 0];
    for (const { item } of this.#waiting) {
      if (count > 0 && (item.alone || bytes + item.bytes > questionBytesMax)) break;
      count += 1;
      bytes += item.bytes;
      if (item.alone || count === questionItemsMax) break;
    }
    return count;
  }

  async #ask(batch: readonly Waiting<I, O>[], bytes: number): Promise<void> {
    const { node, window, ask } = this.#deps;
    this.#questions += 1;
    const stop = new NobodyWaits(batch.map(({ item }) => item.signal));
    try {
      const outcomes = await ask(
        batch.map(({ item }) => item),
        { signal: stop.signal },
      );
      assert(outcomes.length === batch.length, "every item has an outcome");
      for (const [at, { resolve }] of batch.entries()) resolve(outcomes[at]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      stop.end();
      this.#questions -= 1;
      window.leave(node, bytes);
      this.#fillSoon();
    }
  }
}

/** Aborts when the last of several signals has; never if one waits without a signal. */
class NobodyWaits {
  readonly #signals: readonly (AbortSignal | undefined)[];
  readonly #controller: AbortController = new AbortController();
  readonly #onAbort: () => void;

  constructor(signals: readonly (AbortSignal | undefined)[]) {
    this.#signals = signals;
    this.#onAbort = () => {
      if (!signals.every((signal) => signal?.aborted === true)) return;
      this.#controller.abort(signals[0]?.reason);
    };
    for (const signal of new Set(signals)) signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    for (const signal of new Set(this.#signals)) signal?.removeEventListener("abort", this.#onAbort);
  }
}
