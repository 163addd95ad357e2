/** Asks for newer capabilities, once for each that has expired. */
import { err, isPondError, type PondError, type Result } from "@smallpond/base";
import { abortable } from "./abortable.ts";
import type { CapabilitySource } from "./chunk-io.ts";

interface Running {
  readonly done: Promise<void>;
  readonly signal: AbortSignal;
}

export class Renewals {
  readonly #running: WeakMap<CapabilitySource, Running> = new WeakMap();

  /** When it has resolved, `source.current` is worth another try. Rejects as `renew` does, or with `signal.reason`. */
  async renew(
    source: CapabilitySource,
    shown: Uint8Array,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    while (source.current === shown) {
      signal.throwIfAborted();
      const running = this.#running.get(source);
      if (running === undefined) return await abortable(this.#begin(source, shown, signal), signal);
      try {
        return await abortable(running.done, signal);
      } catch (error) {
        // Who asked may have given up, which says nothing about the capability.
        if (!running.signal.aborted) throw error;
      }
    }
  }

  #begin(source: CapabilitySource, shown: Uint8Array, signal: AbortSignal): Promise<void> {
    const done = source.renew(shown, { signal }).finally(() => void this.#running.delete(source));
    this.#running.set(source, { done, signal });
    return done;
  }
}

/** An item that storage may have refused because its capability has expired. */
export interface Expirable {
  readonly item: { readonly capability: CapabilitySource };
  /** What was shown with it last. */
  shown: Uint8Array | undefined;
  isExpired: boolean;
  isRenewed: boolean;
  result: Result<unknown, PondError> | undefined;
}

/** Renews what expired; an item whose renewal failed has that for its result. */
export async function renewExpired(
  renewals: Renewals,
  attempts: readonly Expirable[],
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  for (const attempt of attempts) {
    if (!attempt.isExpired) continue;
    attempt.isExpired = false;
    attempt.isRenewed = true;
    try {
      await renewals.renew(attempt.item.capability, attempt.shown!, { signal });
    } catch (error) {
      if (signal.aborted) return;
      if (!isPondError(error)) throw error;
      attempt.result = err(error);
    }
  }
}
