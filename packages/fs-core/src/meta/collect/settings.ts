/** What can be set about collecting, with defaults. */

export interface CollectSettings {
  /** How often a queue is looked at when nothing was due. */
  readonly everyMs: number;
  /** Items taken from a queue in one look. At most 1,000. */
  readonly itemsMax: number;
  /** Queues worked on side by side. */
  readonly queuesAtOnce: number;
  /** Items of a queue worked on side by side. */
  readonly sideBySide: number;
  /** Chunks taken away in one question to storage. */
  readonly chunksPerStep: number;
  /** Questions for one item before others get their turn. */
  readonly stepsPerTurn: number;
  /** Chunks that this service takes away in a second, so that clients keep their share of the disks. */
  readonly chunksPerSecond: number;
  /** Entries of a removed tree in one transaction. At most 1,000. */
  readonly entriesPerStep: number;
  /** How long a file without a name is left alone that somebody still writes. A close brings it up at once. */
  readonly openRetryMs: number;
  /** After a failure; doubled with each, up to `retryMsMax`. */
  readonly retryMs: number;
  readonly retryMsMax: number;
}

export const DEFAULT_COLLECT_SETTINGS: CollectSettings = {
  everyMs: 1000,
  itemsMax: 256,
  queuesAtOnce: 8,
  sideBySide: 8,
  chunksPerStep: 256,
  stepsPerTurn: 8,
  chunksPerSecond: 20_000,
  entriesPerStep: 256,
  openRetryMs: 600_000,
  retryMs: 1000,
  retryMsMax: 300_000,
};
