/** Waiting that can be given up, for work that goes on whoever waits for it. */
import type { Clock } from "@smallpond/base";
import type { RoutingView } from "./deps.ts";

/** What `work` comes to, or a rejection with `signal.reason` as soon as that aborts. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
      work.then(resolve, reject);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
  } finally {
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  }
}

/** Returns after `ms`, when the routing changes, or when the signal aborts: whoever waits looks what it was. */
export async function pauseOrNews(
  { clock, routing }: { readonly clock: Clock; readonly routing: RoutingView },
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  let forget: () => void = () => {};
  let done: () => void = () => {};
  const timer = clock.timer(ms, () => done());
  try {
    await new Promise<void>((resolve) => {
      done = resolve;
      forget = routing.onChange(() => resolve());
      signal.addEventListener("abort", done, { once: true });
    });
  } finally {
    timer.cancel();
    forget();
    signal.removeEventListener("abort", done);
  }
}
