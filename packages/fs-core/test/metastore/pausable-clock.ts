/** A clock of a process that can be stopped: time goes on, its timers wait until it wakes up. */
import type { Clock, Deadline, SignalOptions, Timer } from "@smallpond/base";
import { deadlineWith, sleepWith } from "@smallpond/base";

export class PausableClock implements Clock {
  readonly #clock: Clock;
  readonly #missed: (() => void)[] = [];
  #paused = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  pause(): void {
    this.#paused = true;
  }

  /** Fires what should have fired meanwhile. */
  resume(): void {
    this.#paused = false;
    for (const fn of this.#missed.splice(0)) fn();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  sleep(ms: number, options?: SignalOptions): Promise<void> {
    return sleepWith((delayMs, fn) => this.timer(delayMs, fn), ms, options);
  }

  timer(ms: number, fn: () => void): Timer {
    return this.#clock.timer(ms, () => {
      if (this.#paused) this.#missed.push(fn);
      else fn();
    });
  }

  deadline(ms: number, options?: SignalOptions): Deadline {
    return deadlineWith((delayMs, fn) => this.timer(delayMs, fn), ms, options);
  }
}
