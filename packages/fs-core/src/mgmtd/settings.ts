/** What may be set about the cluster manager, with what holds when nothing is. Times are milliseconds. */

export interface MgmtdSettings {
  /** How long a primary may act after it began to renew its lease. */
  readonly leaseMs: number;
  /** Pause between renewals, and between looks of those who wait to become primary. */
  readonly renewMs: number;
  /**
   * T: how long a node may serve after it sent a heartbeat that was answered. A dead node's replicas are dropped that
   * long after it was last heard of.
   */
  readonly nodeLeaseMs: number;
  /** Pause between heartbeats of a node; told to nodes. */
  readonly heartbeatMs: number;
  /** By how much of a second two clocks may run apart in a second: 0.01 is 10 ms. */
  readonly clockDriftMax: number;
  /** Pause between looks at chains when nothing happens. */
  readonly judgeMs: number;
  /** Chains that change in one transaction. */
  readonly batchChainsMax: number;
  /** How long a question for news of the routing waits at most. */
  readonly watchMs: number;
  /** Questions for news that wait; further ones are answered at once. */
  readonly watchersMax: number;
  /** Entries in one answer about the routing. */
  readonly changesMax: number;
  /** After how long without a word a client is gone. */
  readonly sessionMs: number;
  /** Clients that have a session; further ones are `TOO_MANY`. */
  readonly sessionsMax: number;
  /** Whether a node that nobody registered is taken in: it knows the cluster's secret, and names its own host tag. */
  readonly registerUnknownNodes: boolean;
}

export const DEFAULT_MGMTD_SETTINGS: MgmtdSettings = {
  leaseMs: 6000,
  renewMs: 1500,
  nodeLeaseMs: 10_000,
  heartbeatMs: 2000,
  clockDriftMax: 0.01,
  judgeMs: 1000,
  batchChainsMax: 256,
  watchMs: 20_000,
  watchersMax: 20_000,
  changesMax: 4096,
  sessionMs: 60_000,
  sessionsMax: 100_000,
  registerUnknownNodes: true,
};

/**
 * How long to wait, by one's own clock, for a lease of `ms` on another's clock to have run out: both may be wrong by the
 * drift, in opposite directions.
 */
export function outlastedMs(ms: number, clockDriftMax: number): number {
  return (ms * (1 + clockDriftMax)) / (1 - clockDriftMax);
}
