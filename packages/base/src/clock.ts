/**
 * Time as a dependency. Core code never reads the machine's clock: a simulation hands it virtual time instead, so
 * that an hour of leases and retries runs in milliseconds and repeats exactly.
 */
import { assert } from "./assert.ts";
import { PondError } from "./errors.ts";

/** Options of whatever waits. */
export interface SignalOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface Clock {
  /** Milliseconds since an arbitrary start, with fractions; never goes back. For durations and leases. */
  monotonicMs(): number;

  /** Milliseconds since 1970-01-01 UTC; may jump either way. For people and file names, never for durations. */
  wallMs(): number;

  /**
   * Resolves after at least `ms` milliseconds. An abort rejects at once with `signal.reason` and cancels the timer;
   * an already aborted signal rejects before anything starts. `sleep(0)` still yields to other work.
   */
  sleep(ms: number, options?: SignalOptions): Promise<void>;

  /** Calls `fn` once after at least `ms` milliseconds. An exception thrown by `fn` is uncaught. */
  timer(ms: number, fn: () => void): Timer;

  /**
   * A signal that aborts after `ms` milliseconds with a `DEADLINE_EXCEEDED` error, or with the parent `signal`'s
   * reason as soon as that aborts. Dispose it when the guarded work is over, or the timer and the listener on the
   * parent stay until it fires. A deadline alone keeps no process alive.
   */
  deadline(ms: number, options?: SignalOptions): Deadline;
}

export interface Timer {
  /** Keeps the callback from running, if it has not yet. Calling it again is harmless. */
  cancel(): void;
  /** Lets the process exit before the timer fires. Returns the same timer. */
  unref(): Timer;
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** Why a {@link Deadline} aborted. The outcome of a mutation in flight is unknown, not failed. */
export type DeadlineError = PondError<"DEADLINE_EXCEEDED", { readonly ms: number }>;

export type StartTimer = (ms: number, fn: () => void) => Timer;

/** `Clock.sleep` for an implementation that has timers. */
export function sleepWith(startTimer: StartTimer, ms: number, options: SignalOptions = {}): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = startTimer(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** `Clock.deadline` for an implementation that has timers. */
export function deadlineWith(startTimer: StartTimer, ms: number, options: SignalOptions = {}): Deadline {
  const parent = options.signal;
  const controller = new AbortController();
  const deadline = { signal: controller.signal, [Symbol.dispose]: release };
  if (parent?.aborted) {
    controller.abort(parent.reason);
    return { ...deadline, [Symbol.dispose]: () => {} };
  }
  const onParentAbort = (): void => {
    timer.cancel();
    controller.abort(parent?.reason);
  };
  const timer = startTimer(ms, () => {
    parent?.removeEventListener("abort", onParentAbort);
    controller.abort(deadlineError(ms));
  }).unref();
  parent?.addEventListener("abort", onParentAbort, { once: true });
  return deadline;

  function release(): void {
    timer.cancel();
    parent?.removeEventListener("abort", onParentAbort);
  }
}

/** Asserts a duration every clock accepts: finite and not negative. */
export function assertDurationMs(ms: number): void {
  assert(Number.isFinite(ms), `a duration must be finite, got ${ms} ms`);
  assert(ms >= 0, `a duration must not be negative, got ${ms} ms`);
}

function deadlineError(ms: number): DeadlineError {
  return new PondError("DEADLINE_EXCEEDED", {
    kind: "unavailable",
    message: `the deadline of ${ms} ms passed`,
    details: { ms },
  });
}
