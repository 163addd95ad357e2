/** Virtual time: it stands still until a test moves it. */
import {
  assertDurationMs,
  type Clock,
  type Deadline,
  deadlineWith,
  type SignalOptions,
  sleepWith,
  type Timer,
} from "../clock.ts";

/** 2026-01-01T00:00:00Z: a date nobody mistakes for an unset one. */
const WALL_START_MS = 1_767_225_600_000;

interface Entry {
  readonly dueMs: number;
  readonly fn: () => void;
}

/**
 * A clock that `advance` moves. Timers fire in order of due time, equals in order of creation, each with the clock
 * set to exactly its due time. Between two timers promise reactions get to run, so code that sleeps in a loop
 * meets every one of its steps. Only promises settle this way: work that waits for the real disk or network does not.
 */
export class ManualClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  readonly #entries: Set<Entry> = new Set();

  constructor(settings: { readonly wallMs?: number } = {}) {
    this.#wallOffsetMs = settings.wallMs ?? WALL_START_MS;
  }

  /** Timers that have not fired; a test that ends with some has leaked them. */
  get pendingCount(): number {
    return this.#entries.size;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  sleep(ms: number, options?: SignalOptions): Promise<void> {
    return sleepWith((delayMs, fn) => this.timer(delayMs, fn), ms, options);
  }

  deadline(ms: number, options?: SignalOptions): Deadline {
    return deadlineWith((delayMs, fn) => this.timer(delayMs, fn), ms, options);
  }

  timer(ms: number, fn: () => void): Timer {
    assertDurationMs(ms);
    const entry = { dueMs: this.#nowMs + ms, fn };
    this.#entries.add(entry);
    return {
      cancel: () => void this.#entries.delete(entry),
      unref(): Timer {
        return this;
      },
    };
  }

  /** Lets `ms` milliseconds pass, firing what falls due, including timers set on the way. */
  async advance(ms: number): Promise<void> {
    assertDurationMs(ms);
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#entries.delete(next);
      this.#nowMs = next.dueMs;
      next.fn();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Moves the wall clock alone, as an administrator or a leap would. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** A set keeps the order of insertion, so of equal due times the one created first wins. */
  #next(untilMs: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.dueMs > untilMs) continue;
      if (first === undefined || entry.dueMs < first.dueMs) first = entry;
    }
    return first;
  }
}

/** Promise chains of ordinary length run to their end; nothing real is waited for. */
const SETTLE_TURNS = 64;

async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await Promise.resolve();
}
