/** A store that tells in which order it wrote what: the witness of the checkers. */
import type { ApplyOutcome, OrderedStore, StoreMutation } from "@smallpond/fs-core";

/** The same store; `told` hears of every batch that was written, in order. */
export function witnessed(
  store: OrderedStore,
  told: (batch: readonly StoreMutation[]) => void,
): OrderedStore {
  return {
    snapshot: (options) => store.snapshot(options),
    async apply(batch, options): Promise<ApplyOutcome> {
      const outcome = await store.apply(batch, options);
      if (outcome === "applied") told(batch);
      return outcome;
    },
    ownership: () => store.ownership(),
    acquire: (options) => store.acquire(options),
    renew: (options) => store.renew(options),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}
