/** How long an owner may believe that nobody else owns the store, by its own clock. */

export class Lease {
  readonly #leaseMs: number;
  #untilMs: number = Number.NEGATIVE_INFINITY;

  constructor(settings: { readonly leaseMs: number }) {
    this.#leaseMs = settings.leaseMs;
  }

  /**
   * A renewal succeeded that was sent at `sentMs`. It counts from then: whoever waits for the lease to run out has seen
   * the renewal later than that.
   */
  renewed(sentMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, sentMs + this.#leaseMs);
  }

  isHeld(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }
}
