/** The machine's clock. */
import {
  assertDurationMs,
  type Clock,
  type Deadline,
  deadlineWith,
  type SignalOptions,
  sleepWith,
  type Timer,
} from "../../clock.ts";

/** Longer delays overflow inside Node and fire at once, so they are waited for in steps. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export class NodeClock implements Clock {
  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  sleep(ms: number, options?: SignalOptions): Promise<void> {
    return sleepWith(startTimer, ms, options);
  }

  timer(ms: number, fn: () => void): Timer {
    return startTimer(ms, fn);
  }

  deadline(ms: number, options?: SignalOptions): Deadline {
    return deadlineWith(startTimer, ms, options);
  }
}

function startTimer(ms: number, fn: () => void): Timer {
  assertDurationMs(ms);
  const dueMs = performance.now() + ms;
  let referenced = true;
  let handle = arm();
  return {
    cancel: () => clearTimeout(handle),
    unref(): Timer {
      referenced = false;
      handle.unref();
      return this;
    },
  };

  function arm(): NodeJS.Timeout {
    // Node rounds delays down and may fire up to a millisecond early; the contract says "at least".
    const leftMs = Math.ceil(Math.max(0, dueMs - performance.now()));
    const next = setTimeout(onTimeout, Math.min(leftMs, DELAY_MS_MAX));
    return referenced ? next : next.unref();
  }

  function onTimeout(): void {
    if (performance.now() >= dueMs) fn();
    else handle = arm();
  }
}
