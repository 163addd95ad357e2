/** Tunables of the toy, all in milliseconds of the machine's own clock, and the bugs that can be planted in it. */
export interface ToySettings {
  /** How long a backup promises, from the moment it hears the primary, to vote for nobody else. */
  readonly leaseMs: number;
  /** How often the primary speaks when it has nothing to say. */
  readonly heartbeatMs: number;
  /** How long a replica waits for an answer of another. */
  readonly rpcMs: number;
  /** Records sent at once. */
  readonly batchMax: number;
}

/** Share of a lease the primary relies on: clocks may differ by less than the rest. */
export const LEASE_SHARE = 0.8;

/** The mistakes a replicated service is most often shipped with. Each is a canary of its own. */
export type Bug =
  /** The primary answers as soon as its own disk has the update. */
  | "ack-before-replicate"
  /** The primary answers reads without looking at its lease. */
  | "stale-read-after-failover"
  /** Answers are remembered by the primary that gave them only, not by whoever replays its log. */
  | "lost-dedupe"
  /** Records count as stored before they are synced. */
  | "unsynced-commit";
