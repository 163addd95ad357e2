/** When an owner is gone, as others see it: its epoch and renewals have stood still for longer than its lease. */
import type { Ownership } from "../ordered-store.ts";

export class Standstill {
  readonly #waitMs: number;
  #seen: Pick<Ownership, "epoch" | "renewals"> | undefined;
  #sinceMs = 0;

  constructor(settings: { readonly leaseMs: number; readonly clockDriftMax: number }) {
    const { leaseMs, clockDriftMax } = settings;
    // The owner's clock may run slow by the drift, and the watcher's fast by the same.
    this.#waitMs = (leaseMs * (1 + clockDriftMax)) / (1 - clockDriftMax);
  }

  /** What the store said, and when that arrived: what was renewed before was renewed before then. */
  observe({ epoch, renewals }: Pick<Ownership, "epoch" | "renewals">, receivedMs: number): void {
    if (this.#seen?.epoch === epoch && this.#seen.renewals === renewals) return;
    this.#seen = { epoch, renewals };
    this.#sinceMs = receivedMs;
  }

  hasRunOut(nowMs: number): boolean {
    return this.#seen !== undefined && nowMs - this.#sinceMs > this.#waitMs;
  }
}
