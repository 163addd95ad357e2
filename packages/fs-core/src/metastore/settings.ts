/** What may be set about a metastore, with what holds when nothing is. */

export interface EngineSettings {
  /** Transactions that one durable batch holds. */
  readonly batchTransactionsMax: number;
  /** Bytes of mutations after which a batch takes no more transactions. */
  readonly batchBytesMax: number;
  /** Commits that wait for a batch; further ones are `METASTORE_BUSY`. */
  readonly pendingMax: number;
  /** Keys written in the last five seconds that are remembered; beyond that older transactions are too old. */
  readonly logKeysMax: number;
  /** Versions that transactions read at the same time; beyond that the oldest are too old. */
  readonly snapshotsMax: number;
  /** How long the store remembers which remote commits it holds, in time, batches and commits. */
  readonly journalMs: number;
  readonly journalBatchesMax: number;
  readonly journalCommitsMax: number;
}

export const DEFAULT_ENGINE_SETTINGS: EngineSettings = {
  batchTransactionsMax: 1024,
  batchBytesMax: 16 * 2 ** 20,
  pendingMax: 16_384,
  logKeysMax: 2 ** 20,
  snapshotsMax: 512,
  journalMs: 30_000,
  journalBatchesMax: 32_768,
  journalCommitsMax: 262_144,
};

export interface RetrySettings {
  /** All tries of one `transact`, unless it says otherwise. */
  readonly timeoutMs: number;
  /** The first pause; each further one is up to twice as long, and drawn from its upper half. */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
}

export const DEFAULT_RETRY_SETTINGS: RetrySettings = { timeoutMs: 10_000, pauseMs: 1, pauseMsMax: 100 };

export interface LeaseSettings {
  /** How long an owner serves reads after it sent its last renewal that succeeded. */
  readonly leaseMs: number;
  /** Between two renewals. */
  readonly renewMs: number;
  /** Between two looks of a process that does not own the store. */
  readonly watchMs: number;
  /** How much faster or slower than true any two clocks run, as a share. */
  readonly clockDriftMax: number;
  /** When a call of the store counts as unanswered. */
  readonly storeMsMax: number;
  /** How long the owner tries to find out what became of a batch; then it is told that nobody knows. */
  readonly fateMsMax: number;
}

export const DEFAULT_LEASE_SETTINGS: LeaseSettings = {
  leaseMs: 4000,
  renewMs: 1000,
  watchMs: 500,
  clockDriftMax: 0.01,
  storeMsMax: 4000,
  fateMsMax: 15_000,
};

export interface RemoteSettings {
  /** One call of the owner; then another try, perhaps of another owner. */
  readonly callMs: number;
  /** How long a commit looks for an owner that answers, and a transaction for one to begin with. */
  readonly ownerMsMax: number;
  readonly pauseMs: number;
}

export const DEFAULT_REMOTE_SETTINGS: RemoteSettings = { callMs: 2000, ownerMsMax: 15_000, pauseMs: 50 };
