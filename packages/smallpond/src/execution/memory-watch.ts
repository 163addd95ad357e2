/**
 * A limit on resident memory. DuckDB's own limit is soft (it was seen at three times its value), so the process that
 * answers for it looks at the real figure and stops the query.
 */
import { type Clock, formatBytes, PondError } from "@smallpond/base";

export interface MemoryWatch extends Disposable {
  /** Aborts when the limit is passed, or when the outer signal does. */
  readonly signal: AbortSignal;
  /** Aborts for a reason of somebody else's. */
  abort(reason: unknown): void;
  peakBytes(): number;
}

const LOOK_MS = 50;

export function watchMemory(
  deps: { readonly clock: Clock; readonly residentBytes: () => number },
  settings: { readonly limitBytes: number; readonly label: string; readonly signal: AbortSignal },
): MemoryWatch {
  const controller = new AbortController();
  let peak = 0;
  const look = (): void => {
    const bytes = deps.residentBytes();
    peak = Math.max(peak, bytes);
    if (bytes > settings.limitBytes)
      controller.abort(memoryExceeded(settings.label, bytes, settings.limitBytes));
    else timer = deps.clock.timer(LOOK_MS, look).unref();
  };
  let timer = deps.clock.timer(LOOK_MS, look).unref();
  const onAbort = (): void => controller.abort(settings.signal.reason);
  // A signal that was aborted before never tells again.
  if (settings.signal.aborted) onAbort();
  else settings.signal.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    peakBytes: () => Math.max(peak, deps.residentBytes()),
    [Symbol.dispose]() {
      timer.cancel();
      settings.signal.removeEventListener("abort", onAbort);
    },
  };
}

export function memoryExceeded(label: string, bytes: number, limitBytes: number): PondError {
  return new PondError("OUT_OF_MEMORY", {
    kind: "unavailable",
    message: `${label}: the process used ${formatBytes(bytes)}, its limit is ${formatBytes(limitBytes)}`,
    details: { bytes, limitBytes },
    hint: "raise the memory option (SP_MEMORY), or use more partitions so that each is smaller",
  });
}
