/** What can be set about a chunk store. Bytes and milliseconds; every bound says what happens when it is reached. */
import { assert } from "@smallpond/base";
import { PAGE_BYTES } from "./model/pages.ts";

export interface StoreSettings {
  /**
   * When an update counts: `fsync`, once it is durable here; `replicated`, once it is written, and durable at the latest
   * `flushMs` later: a target that comes back after a power cut is then incomplete (I2).
   */
  readonly durability: "fsync" | "replicated";
  /** Between two rounds of making durable what is written, where `durability` is `replicated`. */
  readonly flushMs: number;
  /** One file of the journal. */
  readonly segmentBytes: number;
  /** Records written and synced together; more wait for the next batch. */
  readonly batchBytesMax: number;
  /** Idle for so long, the journal notes that its last batch was synced. */
  readonly sealMs: number;
  /** A checkpoint is due when the journal grew by this much, or by half of the index if that is more. */
  readonly checkpointBytes: number;
  /** One file of a checkpoint. */
  readonly shardBytes: number;
  /** One step of writing it: between two steps other work runs. */
  readonly checkpointStepBytes: number;
  /** What is read, put together or written of a chunk at once. */
  readonly stepBytes: number;
  /** One file of blocks, at least one block. */
  readonly blockFileBytes: number;
  /** What a file of blocks grows by, at least one block. */
  readonly growBytes: number;
  /** Left free on the disk: growing for a client's new chunk below it is `STORE_FULL`. Others may use it. */
  readonly reserveBytes: number;
  /** Overwrites of at most so many bytes go through the journal; larger ones are written to another block. */
  readonly patchBytesMax: number;
  /** Checksums kept in memory, besides those that no checkpoint holds yet; the longest unused go first. */
  readonly sumCacheBytes: number;
  /** Operations at once; one more is `STORE_BUSY`. */
  readonly operationsMax: number;
  /** Chunks with a pending version; an update of one more is `STORE_BUSY`. */
  readonly pendingMax: number;
  /** Images of pages in memory that are not in their blocks yet; updates wait above it. */
  readonly redoBytesMax: number;
  /** Chunks whose images are written to their blocks at once. */
  readonly applyMax: number;
  /**
   * Remembered answers, one for each channel of a session; a client's request of one more channel is `STORE_BUSY`. Twice as
   * many for requests that other replicas pass on, as those have been accepted.
   */
  readonly dedupeMax: number;
  /**
   * What a session was answered may be forgotten when nothing was heard of it for so long: longer than a capability lives,
   * with what two clocks may be apart. Nobody repeats a request for longer.
   */
  readonly answersIdleMs: number;
  /** Revoked sessions that are remembered; one more is `STORE_BUSY`. */
  readonly revokedMax: number;
  /** Files whose truncation is remembered; truncating one more is `STORE_BUSY`. */
  readonly truncatedMax: number;
}

export const DEFAULT_STORE_SETTINGS: StoreSettings = {
  durability: "fsync",
  flushMs: 1000,
  segmentBytes: 64 * 2 ** 20,
  batchBytesMax: 8 * 2 ** 20,
  sealMs: 5,
  checkpointBytes: 256 * 2 ** 20,
  shardBytes: 16 * 2 ** 20,
  checkpointStepBytes: 256 * 2 ** 10,
  stepBytes: 2 ** 20,
  blockFileBytes: 16 * 2 ** 30,
  growBytes: 64 * 2 ** 20,
  reserveBytes: 2 ** 30,
  patchBytesMax: 64 * 2 ** 10,
  sumCacheBytes: 64 * 2 ** 20,
  operationsMax: 4096,
  pendingMax: 65_536,
  redoBytesMax: 64 * 2 ** 20,
  applyMax: 16,
  dedupeMax: 262_144,
  answersIdleMs: 3_900_000,
  revokedMax: 262_144,
  truncatedMax: 1_048_576,
};

export function storeSettings(changes: Partial<StoreSettings> = {}): StoreSettings {
  const settings = { ...DEFAULT_STORE_SETTINGS, ...changes };
  assert(settings.batchBytesMax * 2 <= settings.segmentBytes, "a segment has room for two batches");
  assert(settings.patchBytesMax <= 64 * 2 ** 10, "overwrites of more than 64 KiB are copied");
  assert(settings.stepBytes % PAGE_BYTES === 0, "a step is a number of pages");
  for (const [name, value] of Object.entries(settings)) {
    assert(typeof value === "string" || (Number.isSafeInteger(value) && value >= 0), `${name} is a number`);
  }
  return settings;
}
