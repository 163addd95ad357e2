/** How often functions are called in a second, over all processes of a job. */
import type { Clock } from "@smallpond/base";

/** Says when a call may start. Executors ask the session's process, so that the rate is that of the whole job. */
export interface Permits {
  /** Resolves when the call of the function with that key may start. Aborting rejects with `signal.reason`. */
  take(key: string, ratePerSecond: number, signal: AbortSignal): Promise<void>;
}

/** Calls of one key start at equal distances, the first at once. Nothing is saved up while none are made. */
export class RateLimiter implements Permits {
  readonly #clock: Clock;
  readonly #nextMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async take(key: string, ratePerSecond: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = this.#clock.monotonicMs();
    const startMs = Math.max(now, this.#nextMs.get(key) ?? now);
    this.#nextMs.set(key, startMs + 1_000 / ratePerSecond);
    if (startMs > now) await this.#clock.sleep(startMs - now, { signal });
  }
}
