/** So many in a second, with a second's worth at once. */
import type { Clock, SignalOptions } from "@smallpond/base";

export class RateLimit {
  readonly #clock: Clock;
  readonly #perSecond: number;
  /** When all that was taken will have been earned. */
  #paidMs = 0;

  constructor(deps: { readonly clock: Clock }, settings: { readonly perSecond: number }) {
    this.#clock = deps.clock;
    this.#perSecond = settings.perSecond;
  }

  /** Waits until what was taken before is earned, up to a second of it. Takes in the order of asking. */
  async take(count: number, options: SignalOptions = {}): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const owedMs = Math.max(0, this.#paidMs - nowMs);
    this.#paidMs = nowMs + owedMs + (1000 * count) / this.#perSecond;
    if (owedMs > 1000) await this.#clock.sleep(owedMs - 1000, options);
  }
}
