/** What a client's chunk I/O may use, wait for and try. Milliseconds, bytes and counts. */
import { PROTOCOL_LIMITS } from "../../storage/protocol/common.ts";

export interface ChunkIoSettings {
  /** Of calls that do not say: all tries of an item. */
  readonly timeoutMs: number;
  /** One question to a storage service. */
  readonly questionMs: number;
  /** Between two tries of an item, doubling from the first to the second, less up to a half by chance. */
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
  /** Questions under way to one node, of one kind and class. */
  readonly questionsMax: number;
  /** Items and bytes of one question; one item may have more bytes. */
  readonly questionItemsMax: number;
  readonly questionBytesMax: number;
  /**
   * Bytes of questions and answers under way, with all nodes and with one: nobody sends what was not asked for, so this is
   * what keeps many nodes from answering all at once. Items wait for it.
   */
  readonly windowBytes: number;
  readonly nodeWindowBytes: number;
  /** Reads of at least so many bytes into a lease get a question of their own, so that they land where they belong. */
  readonly directBytesMin: number;
  /** Writes of one session under way; more wait. At most 65,536. */
  readonly channelsMax: number;
  /** What this machine is called in the routing: replicas on it are read first. */
  readonly host: string | undefined;
}

export const DEFAULT_CHUNK_IO_SETTINGS: ChunkIoSettings = {
  timeoutMs: 60_000,
  questionMs: 10_000,
  pauseMsMin: 2,
  pauseMsMax: 500,
  questionsMax: 8,
  questionItemsMax: Math.min(256, PROTOCOL_LIMITS.itemsMax),
  questionBytesMax: 4 * 2 ** 20,
  windowBytes: 128 * 2 ** 20,
  nodeWindowBytes: 32 * 2 ** 20,
  directBytesMin: 64 * 2 ** 10,
  channelsMax: 64,
  host: undefined,
};
