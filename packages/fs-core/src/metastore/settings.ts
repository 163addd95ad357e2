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
