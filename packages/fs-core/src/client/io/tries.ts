/** How often an item is tried, and how long it waits in between. */
import type { Clock, Random, SignalOptions } from "@smallpond/base";

export interface TriesDeps {
  readonly clock: Clock;
  readonly random: Random;
}

export class Tries {
  readonly #deps: TriesDeps;
  readonly #untilMs: number;
  readonly #maxMs: number;
  #pauseMs: number;

  constructor(
    deps: TriesDeps,
    settings: { readonly untilMs: number; readonly pauseMsMin: number; readonly pauseMsMax: number },
  ) {
    this.#deps = deps;
    this.#untilMs = settings.untilMs;
    this.#pauseMs = settings.pauseMsMin;
    this.#maxMs = settings.pauseMsMax;
  }

  get leftMs(): number {
    return this.#untilMs - this.#deps.clock.monotonicMs();
  }

  get isLate(): boolean {
    return this.leftMs <= 0;
  }

  /** False when there would be no time for another try. */
  async pause(options: SignalOptions): Promise<boolean> {
    const { clock, random } = this.#deps;
    const pauseMs = this.#pauseMs * (0.5 + random.next() / 2);
    if (this.leftMs <= pauseMs) return false;
    this.#pauseMs = Math.min(2 * this.#pauseMs, this.#maxMs);
    await clock.sleep(pauseMs, options);
    return true;
  }
}
