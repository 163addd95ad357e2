/** A machine's clock in virtual time: it starts at boot, runs too fast or too slow, and its wall time jumps. */
import {
  assertDurationMs,
  type Clock,
  type Deadline,
  deadlineWith,
  type SignalOptions,
  sleepWith,
  type Timer,
} from "@smallpond/base";
import type { Lifetime } from "../world/lifetime.ts";
import type { Oscillator } from "./oscillator.ts";

export class SimClock implements Clock {
  readonly #lifetime: Lifetime;
  readonly #oscillator: Oscillator;

  constructor(deps: { readonly lifetime: Lifetime; readonly oscillator: Oscillator }) {
    this.#lifetime = deps.lifetime;
    this.#oscillator = deps.oscillator;
  }

  monotonicMs(): number {
    return this.#oscillator.monotonicMs();
  }

  wallMs(): number {
    return this.#oscillator.wallMs();
  }

  sleep(ms: number, options?: SignalOptions): Promise<void> {
    if (!this.#lifetime.enter("clock.sleep")) return new Promise(() => {});
    return sleepWith((delayMs, fn) => this.#start(delayMs, fn), ms, options);
  }

  timer(ms: number, fn: () => void): Timer {
    assertDurationMs(ms);
    return this.#lifetime.enter("clock.timer") ? this.#start(ms, fn) : DEAD_TIMER;
  }

  deadline(ms: number, options?: SignalOptions): Deadline {
    this.#lifetime.enter("clock.deadline");
    return deadlineWith((delayMs, fn) => this.#start(delayMs, fn), ms, options);
  }

  #start(ms: number, fn: () => void): Timer {
    assertDurationMs(ms);
    const lifetime = this.#lifetime;
    const oscillator = this.#oscillator;
    const dueMs = oscillator.monotonicMs() + ms;
    const handle = lifetime.open(`a timer of ${ms} ms`);
    let event = lifetime.after(oscillator.trueMs(ms), fire);
    return {
      cancel: () => {
        event.cancelled = true;
        handle.close();
      },
      unref(): Timer {
        return this;
      },
    };

    function fire(): void {
      // A clock that was slowed down meanwhile, or a rounded division, leaves a remainder.
      const leftMs = dueMs - oscillator.monotonicMs();
      if (leftMs > 0) {
        event = lifetime.after(oscillator.trueMs(leftMs) + ROUNDING_MS, fire);
        return;
      }
      handle.close();
      fn();
    }
  }
}

/** More than what is lost when two numbers of this size are added. */
const ROUNDING_MS = 1e-6;

const DEAD_TIMER: Timer = Object.freeze({
  cancel: () => {},
  unref: (): Timer => DEAD_TIMER,
});
