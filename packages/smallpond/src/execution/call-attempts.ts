/** One call of a function by its policy: when it may start, how long it may take, and how often it is tried. */
import { type Clock, PondError, type Random } from "@smallpond/base";
import type { CallPolicy } from "../functions/spec.ts";
import type { OpenFunction } from "./function-pool.ts";
import type { Permits } from "./rate-limiter.ts";

export interface CallDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly permits: Permits;
}

/** A call that failed for good, where failures are kept beside the rows. */
export class KeptFailure {
  readonly input: unknown;
  readonly error: unknown;

  constructor(input: unknown, error: unknown) {
    this.input = input;
    this.error = error;
  }
}

/** The first pause before another attempt; each further one is twice as long, up to the limit. */
const BACKOFF_MS = 200;
const BACKOFF_MS_MAX = 30_000;

/** Whether a call is no more than a call, so that a function that is not async costs no promise per row. */
export function isPlainPolicy({ ratePerSecond, retries, timeoutMs, onError }: CallPolicy): boolean {
  return ratePerSecond === null && retries === 0 && timeoutMs === null && onError.kind === "fail";
}

/** Calls with permits, limits and retries. Rejects with the last attempt's error, or `signal.reason` after an abort. */
export async function callByPolicy(
  deps: CallDeps,
  fn: OpenFunction,
  input: never,
  settings: { readonly key: string; readonly policy: CallPolicy; readonly signal: AbortSignal },
): Promise<unknown> {
  const { policy, signal, key } = settings;
  for (let attempt = 0; ; attempt++) {
    try {
      if (policy.ratePerSecond !== null) await deps.permits.take(key, policy.ratePerSecond, signal);
      return await once(deps.clock, fn, input, { timeoutMs: policy.timeoutMs, signal });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (attempt >= policy.retries) {
        if (policy.onError.kind === "fail") throw error;
        return new KeptFailure(input, error);
      }
    }
    await deps.clock.sleep(backoffMs(attempt, deps.random), { signal });
  }
}

/** Waits for the function no longer than it may take, or than anybody wants to know. */
async function once(
  clock: Clock,
  fn: OpenFunction,
  input: never,
  { timeoutMs, signal }: { readonly timeoutMs: number | null; readonly signal: AbortSignal },
): Promise<unknown> {
  if (timeoutMs === null) return await orAbort(fn.call(input, { signal }), signal);
  using deadline = clock.deadline(timeoutMs, { signal });
  try {
    return await orAbort(fn.call(input, { signal: deadline.signal }), deadline.signal);
  } catch (error) {
    if (!deadline.signal.aborted || signal.aborted) throw error;
    throw new PondError("FUNCTION_TIMEOUT", {
      kind: "unavailable",
      message: `${fn.name}() took longer than ${timeoutMs} ms`,
      details: { function: fn.name, timeoutMs },
      cause: error,
    });
  }
}

/** What the work gives, unless the signal aborts first: then its reason, whatever becomes of the work. */
function orAbort(work: unknown, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const done = (): void => signal.removeEventListener("abort", onAbort);
    Promise.resolve(work).finally(done).then(resolve, reject);
  });
}

/** Between half of the pause and all of it, so that calls that failed together do not come back together. */
function backoffMs(attempt: number, random: Random): number {
  const pause = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** attempt);
  return pause * (0.5 + random.next() / 2);
}
