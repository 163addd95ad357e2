/** Renews each capability once, however many items found it expired. */
import type { CapabilitySource } from "../chunks/chunk-io.ts";

export class Renewals {
  readonly #running: Map<Uint8Array, Promise<void>> = new Map();

  /** Afterwards the source shows another one; rejects with why not. Without a signal: others may wait for it, too. */
  renew(source: CapabilitySource, expired: Uint8Array): Promise<void> {
    if (source.current !== expired) return Promise.resolve();
    let running = this.#running.get(expired);
    if (running === undefined) {
      running = source.renew(expired, {}).finally(() => this.#running.delete(expired));
      this.#running.set(expired, running);
    }
    return running;
  }
}
