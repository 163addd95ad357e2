/** A machine's own clock over the test's: faster or slower, from another start, with a wall clock that says anything. */
import {
  type Clock,
  type Deadline,
  deadlineWith,
  type SignalOptions,
  sleepWith,
  type Timer,
} from "@smallpond/base";

export class SkewedClock implements Clock {
  readonly #clock: Clock;
  readonly #rate: number;
  readonly #startMs: number;
  wallOffsetMs = 0;

  constructor(clock: Clock, about: { readonly rate: number; readonly startMs: number }) {
    this.#clock = clock;
    this.#rate = about.rate;
    this.#startMs = about.startMs;
  }

  monotonicMs(): number {
    return this.#startMs + this.#clock.monotonicMs() * this.#rate;
  }

  wallMs(): number {
    return this.#clock.wallMs() + this.wallOffsetMs;
  }

  timer(ms: number, fn: () => void): Timer {
    return this.#clock.timer(ms / this.#rate, fn);
  }

  sleep(ms: number, options?: SignalOptions): Promise<void> {
    return sleepWith((delayMs, fn) => this.timer(delayMs, fn), ms, options);
  }

  deadline(ms: number, options?: SignalOptions): Deadline {
    return deadlineWith((delayMs, fn) => this.timer(delayMs, fn), ms, options);
  }
}
