/** So many bytes a second, with short bursts: whoever takes more than there is waits, in order of asking. */
import { assert, type Clock, type SignalOptions } from "@smallpond/base";

export interface RateSettings {
  /** 0: no limit. */
  readonly bytesPerSecond: number;
  /** What may go at once after a pause. */
  readonly burstBytes: number;
}

export class TokenBucket {
  readonly #clock: Pick<Clock, "monotonicMs" | "sleep">;
  #rate: RateSettings;
  /** When everything that was taken has been paid for. */
  #paidMs = Number.NEGATIVE_INFINITY;

  constructor(deps: { readonly clock: Pick<Clock, "monotonicMs" | "sleep"> }, rate: RateSettings) {
    this.#clock = deps.clock;
    this.#rate = checked(rate);
  }

  /** For those who ask from now on. */
  set(rate: RateSettings): void {
    this.#rate = checked(rate);
  }

  /**
   * Resolves when so many bytes may go: when no more than a burst is owed from before. What is taken stays taken, also if the
   * signal aborts the waiting.
   */
  async take(bytes: number, options: SignalOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const { bytesPerSecond, burstBytes } = this.#rate;
    if (bytesPerSecond === 0) return;
    const nowMs = this.#clock.monotonicMs();
    const owedMs = Math.max(0, this.#paidMs - nowMs);
    this.#paidMs = nowMs + owedMs + (bytes / bytesPerSecond) * 1000;
    const waitMs = owedMs - (burstBytes / bytesPerSecond) * 1000;
    if (waitMs > 0) await this.#clock.sleep(waitMs, options);
  }
}

function checked(rate: RateSettings): RateSettings {
  assert(
    rate.bytesPerSecond >= 0 && Number.isFinite(rate.bytesPerSecond),
    "a rate is at least 0 bytes a second",
  );
  assert(rate.burstBytes >= 0 && Number.isFinite(rate.burstBytes), "a burst is at least 0 bytes");
  return rate;
}
