/** What a machine's clock counts with: one per boot, because monotonic time starts again when a machine does. */
import { assert } from "@smallpond/base";
import type { Scheduler } from "./scheduler.ts";

/** 2026-01-01T00:00:00Z: a date nobody mistakes for an unset one. */
export const WALL_START_MS = 1_767_225_600_000;

export interface OscillatorSettings {
  /** Clock milliseconds per true millisecond: 1.001 gains one second in a thousand. */
  readonly rate: number;
  /** How far the wall clock is from true time at the start. */
  readonly wallOffsetMs: number;
  /** What the monotonic clock shows at the start; arbitrary, so that nobody compares it between machines. */
  readonly startMs: number;
}

export class Oscillator {
  readonly #scheduler: Scheduler;
  #rate: number;
  #wallOffsetMs: number;
  /** The last moment the rate changed, by true time and by this clock. */
  #sinceTrueMs: number;
  #sinceMs: number;

  constructor(deps: { readonly scheduler: Scheduler }, settings: OscillatorSettings) {
    this.#scheduler = deps.scheduler;
    this.#rate = settings.rate;
    this.#wallOffsetMs = settings.wallOffsetMs;
    this.#sinceTrueMs = deps.scheduler.nowMs;
    this.#sinceMs = settings.startMs;
  }

  get rate(): number {
    return this.#rate;
  }

  get wallOffsetMs(): number {
    return this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#sinceMs + (this.#scheduler.nowMs - this.#sinceTrueMs) * this.#rate;
  }

  wallMs(): number {
    return WALL_START_MS + this.#scheduler.nowMs + this.#wallOffsetMs;
  }

  /** How long `ms` of this clock last in true time. */
  trueMs(ms: number): number {
    return ms / this.#rate;
  }

  setRate(rate: number): void {
    assert(rate > 0, `a clock's rate must be positive, got ${rate}`);
    this.#sinceMs = this.monotonicMs();
    this.#sinceTrueMs = this.#scheduler.nowMs;
    this.#rate = rate;
  }

  /** What an administrator or a wrong time server does; monotonic time is not affected. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }
}
