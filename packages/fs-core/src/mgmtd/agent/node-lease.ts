/**
 * The lease of this node (I5): every request that reads or writes data asks whether it holds. It is counted from before
 * the heartbeat that renewed it was sent, so it ends before the primary takes it to have ended, whatever the network did.
 *
 * A lease that had run out is not simply taken up again: meanwhile chains may have gone on without this node. It holds
 * again only once the node knows the routing that the primary had when it renewed it.
 *
 * The clock must count time for which the machine was suspended; see the limits about machines that are.
 */
import type { Clock } from "@smallpond/base";

export interface Grant {
  /** By this node's clock, before the heartbeat was sent. */
  readonly sentMs: number;
  readonly leaseMs: number;
  readonly routingVersion: bigint;
}

export class NodeLease {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #routingVersion: () => bigint;
  #untilMs: number = Number.NEGATIVE_INFINITY;
  #needs = 0n;

  /** `routingVersion` is what the node acts by at this moment. */
  constructor(deps: { readonly clock: Pick<Clock, "monotonicMs">; readonly routingVersion: () => bigint }) {
    this.#clock = deps.clock;
    this.#routingVersion = deps.routingVersion;
  }

  /** Whether this node may serve at this moment. */
  holds(): boolean {
    return this.#clock.monotonicMs() < this.#untilMs && this.#routingVersion() >= this.#needs;
  }

  /** Milliseconds until it runs out if nothing renews it. */
  get leftMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.monotonicMs());
  }

  /** A heartbeat was answered. */
  renew({ sentMs, leaseMs, routingVersion }: Grant): void {
    if (leaseMs === 0) return;
    const lapsed = this.#clock.monotonicMs() >= this.#untilMs;
    if (lapsed && routingVersion > this.#needs) this.#needs = routingVersion;
    this.#untilMs = Math.max(this.#untilMs, sentMs + leaseMs);
  }

  /** The node gives it up: it serves nothing any more. */
  end(): void {
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }
}
