/** What can be set about replicas of chains. Milliseconds, bytes and counts. */
import { PROTOCOL_LIMITS } from "../protocol/common.ts";

export interface ChainSettings {
  /** Updates of one replica under way or waiting; a further one is `STORE_BUSY`. */
  readonly updatesMax: number;
  /** Waiting for one chunk's turn; a further one is `STORE_BUSY`. */
  readonly waitersMax: number;
  /** Updates that a new head settles at once. */
  readonly settlesMax: number;
  /** Pending updates that a new tail commits at once. */
  readonly commitsMax: number;
  /** How long a question of a newer version of the chain waits for the routing that tells of it; then `CHAIN_CHANGED`. */
  readonly behindMs: number;
  /** After a successor did not take an update, how long whoever asked for it is kept waiting; then `UNKNOWN_OUTCOME`. */
  readonly patienceMs: number;
  /** Between two tries to pass something on, doubling from the first to the second, less up to a half by chance. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** One question to a successor. */
  readonly forwardMs: number;
  /** Questions under way to one node and of one class; more items wait for one of them. */
  readonly questionsMax: number;
  /** Items and bytes of one question; one item may have more bytes. */
  readonly questionItemsMax: number;
  readonly questionBytesMax: number;
  /** Between two tries to bring a successor up to date. */
  readonly resyncPauseMs: number;
}

export const DEFAULT_CHAIN_SETTINGS: ChainSettings = {
  updatesMax: 4096,
  waitersMax: 256,
  settlesMax: 16,
  commitsMax: 256,
  behindMs: 500,
  patienceMs: 2000,
  retryMsMin: 10,
  retryMsMax: 1000,
  forwardMs: 10_000,
  questionsMax: 16,
  questionItemsMax: Math.min(256, PROTOCOL_LIMITS.itemsMax),
  questionBytesMax: 4 * 2 ** 20,
  resyncPauseMs: 500,
};
