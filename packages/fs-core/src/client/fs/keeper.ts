/** Looks after open files: sends what was gathered long enough, tells metadata how far was written, renews capabilities. */
import type { FsContext } from "./context.ts";

/** Until the signal aborts. */
export async function keepFiles(
  { clock, local, settings }: FsContext,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(settings.tickMs, { signal }).catch(() => {});
    if (!signal.aborted) local.tick(clock.monotonicMs());
  }
}
