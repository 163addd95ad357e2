/**
 * How a contender knows that the primary's lease has run out, without comparing clocks. The holder counts its lease from
 * before it began the renewal that wrote the row; the contender counts from after it first read the row as it is. The
 * contender's count begins later in true time, and runs for the lease and what two clocks may differ by, so it ends later
 * too. Wall clocks play no part: they may say anything.
 */
import type { Clock } from "@smallpond/base";
import type { LeaseRow } from "../rows/lease-row.ts";
import { outlastedMs } from "../settings.ts";

export class LeaseWatch {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #clockDriftMax: number;
  #seen: LeaseRow | undefined;
  #sinceMs = 0;

  constructor(
    deps: { readonly clock: Pick<Clock, "monotonicMs"> },
    settings: { readonly clockDriftMax: number },
  ) {
    this.#clock = deps.clock;
    this.#clockDriftMax = settings.clockDriftMax;
  }

  /** Takes note of the row, which was read before this call. Whether its holder can no longer be acting. */
  isOver(row: LeaseRow | undefined): boolean {
    if (row === undefined || row.released) return true;
    const nowMs = this.#clock.monotonicMs();
    if (this.#seen?.term !== row.term || this.#seen.renewals !== row.renewals) {
      this.#seen = row;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs > outlastedMs(row.leaseMs, this.#clockDriftMax);
  }
}
