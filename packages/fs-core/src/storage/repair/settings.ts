/** What can be set about looking after targets and mending chunks. Milliseconds, bytes and counts. */

export interface RepairSettings {
  /** Chunks that are mended at once. */
  readonly workersMax: number;
  /** Damaged chunks that wait; further ones are found again by the scrub. */
  readonly waitingMax: number;
  /** Chunks that nobody can mend which are known by name; further ones are only counted. */
  readonly lostMax: number;
  /** One question to another replica. */
  readonly fetchMs: number;
  /** Before a chunk is tried again that could not be mended yet, doubling from the first to the second. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
}

export const DEFAULT_REPAIR_SETTINGS: RepairSettings = {
  workersMax: 4,
  waitingMax: 4096,
  lostMax: 10_000,
  fetchMs: 30_000,
  retryMsMin: 200,
  retryMsMax: 60_000,
};

export interface CareSettings {
  /** Every byte of a target is read back about once in this time, if that takes no more than `bytesPerSecond`. */
  readonly cycleMs: number;
  /** Of one target, while it is read back. */
  readonly bytesPerSecond: number;
  /** Between two looks at what may be forgotten. */
  readonly forgetMs: number;
  /** Between two rounds of giving space back, and the bytes moved and given in one. */
  readonly compactMs: number;
  readonly compactBytes: number;
  readonly punchBytes: number;
}

const DAY_MS = 86_400_000;

export const DEFAULT_CARE_SETTINGS: CareSettings = {
  cycleMs: 14 * DAY_MS,
  bytesPerSecond: 32 * 2 ** 20,
  forgetMs: 30_000,
  compactMs: 600_000,
  compactBytes: 256 * 2 ** 20,
  punchBytes: 1024 * 2 ** 20,
};
