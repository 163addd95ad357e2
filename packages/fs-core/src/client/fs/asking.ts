/** When something was asked: by the clock, for how old it is, and in order, for what came first. */
import type { Clock } from "@smallpond/base";

export interface AskedAt {
  readonly ms: number;
  /** Rises with each question and each read of this client: time may stand still between two of them. */
  readonly order: number;
}

/** Older than anything. */
export const LONG_AGO: AskedAt = { ms: Number.NEGATIVE_INFINITY, order: 0 };

export class Asking {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #last = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  now(): AskedAt {
    this.#last += 1;
    return { ms: this.#clock.monotonicMs(), order: this.#last };
  }
}
