/** How much chunk I/O a client has under way, and how long it goes on. Bytes, milliseconds and counts. */
export interface ChunkClientSettings {
  /** What fails together with this process, as nodes call it: a replica there is read first. Nothing: no preference. */
  readonly host: string | undefined;
  /** Checks the bytes that were read against the checksum they came with (I9). */
  readonly verify: boolean;
  /** Messages under way to one node, of reads and of writes; further items gather for the next ones. */
  readonly questionsPerNodeMax: number;
  /** Items and bytes of one message; a larger item goes alone. */
  readonly batchItemsMax: number;
  readonly batchBytesMax: number;
  /**
   * Bytes that were asked for and have not arrived, in all and from one node: the receiver decides, so that many answers
   * do not meet on its link. Further messages wait, those to one node in order; an item that is larger goes alone.
   */
  readonly readBytesMax: number;
  readonly readBytesPerNodeMax: number;
  /** The same for bytes that are written and have not been answered. */
  readonly writeBytesMax: number;
  readonly writeBytesPerNodeMax: number;
  /** Messages that wait for others to end, of reads and of writes; items of further ones are refused with `EAGAIN`. */
  readonly waitingMax: number;
  /** From this many bytes on, bytes are read into the caller's lease, in a message of their own; below, copied. */
  readonly directBytesMin: number;
  /** For all tries of an operation that does not say. */
  readonly timeoutMs: number;
  /**
   * For one try: then another replica is asked, or the same one again. Long enough for all bytes under way on a slow link; a
   * node that is dead shows sooner, by the silence on its connection.
   */
  readonly questionMs: number;
  /** Between two tries, doubling from the first to the second, less up to a half by chance. */
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
  /** Writes of one session under way at once; further ones wait. */
  readonly channelsMax: number;
  /** Writes of one session that were given up and may still happen; with more of them it writes nothing before they settle. */
  readonly unsettledMax: number;
}

export const DEFAULT_CHUNK_CLIENT_SETTINGS: ChunkClientSettings = {
  host: undefined,
  verify: true,
  questionsPerNodeMax: 8,
  batchItemsMax: 256,
  batchBytesMax: 4 * 2 ** 20,
  readBytesMax: 64 * 2 ** 20,
  readBytesPerNodeMax: 16 * 2 ** 20,
  writeBytesMax: 64 * 2 ** 20,
  writeBytesPerNodeMax: 16 * 2 ** 20,
  waitingMax: 16_384,
  directBytesMin: 64 * 1024,
  timeoutMs: 30_000,
  questionMs: 10_000,
  pauseMsMin: 10,
  pauseMsMax: 1000,
  channelsMax: 256,
  unsettledMax: 256,
};
