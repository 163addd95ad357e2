/** Concurrency inside one process: things running side by side that end together, turns, and waiting for news. */
import type { Clock, Timer } from "./clock.ts";

/** Runs side by side until stopped; the first failure ends the process. */
export class Tasks {
  readonly #running: Set<Promise<void>> = new Set();
  readonly #failure: Promise<never>;
  #fail: (error: unknown) => void = () => {};

  constructor() {
    this.#failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failure.catch(() => {});
  }

  /** Rejects when a task fails. */
  get failure(): Promise<never> {
    return this.#failure;
  }

  get count(): number {
    return this.#running.size;
  }

  spawn(work: () => Promise<void>): void {
    const running = work()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => void this.#running.delete(running));
    this.#running.add(running);
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

/** One after another, in order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Wakes those who wait for something to change. */
export class News {
  #waiting: (() => void)[] = [];

  tell(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Returns at the next news, or after `ms`. */
  wait(clock: Clock, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer: Timer = clock.timer(ms, done);
      this.#waiting.push(done);
      function done(): void {
        timer.cancel();
        resolve();
      }
    });
  }
}
