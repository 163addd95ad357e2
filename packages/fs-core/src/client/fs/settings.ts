/** What can be set about a client's files, with defaults. */
import { assert } from "@smallpond/base";

export interface FsSettings {
  /**
   * How long what is known of a file is believed for reads within its known length. A handle learns at the latest then
   * that all of its file's data was replaced; what is read ahead is that old at most. 0: each read asks first.
   */
  readonly freshMs: number;
  /** Writes that follow one another are gathered up to a multiple of this in the file. A power of two, 4 KiB to 64 MiB. */
  readonly gatherBytes: number;
  /** A write of this many bytes or more is sent from the caller's own memory, and waited for. */
  readonly directBytes: number;
  /** Pieces of one file that are gathered at once; with another one all of them are sent. */
  readonly segmentsMax: number;
  /** Bytes of one file, and of all, that are gathered or under way. A write waits for room. */
  readonly dirtyBytesPerFile: number;
  readonly dirtyBytes: number;
  /** How long bytes are gathered at most before they are sent. */
  readonly dirtyMs: number;
  /** How often the length of a file that is written is told to metadata. */
  readonly reportMs: number;
  /** What a file shows to storage is exchanged when it is this old, if the file is open to write. */
  readonly capabilityMs: number;
  /** How often the client looks what is due. */
  readonly tickMs: number;
  /** Read ahead of one file, and of all. 0: nothing is. */
  readonly readAheadBytes: number;
  readonly readAheadBytesAll: number;
  /** A power of two. */
  readonly readAheadBlockBytes: number;
  /** Of streams and copies: one piece, and how many are under way. */
  readonly streamBlockBytes: number;
  readonly streamBlocks: number;
  /** Questions to metadata side by side, where one call asks many. */
  readonly questionsAtOnce: number;
}

export const DEFAULT_FS_SETTINGS: FsSettings = {
  freshMs: 5000,
  gatherBytes: 2 ** 20,
  directBytes: 4 * 2 ** 20,
  segmentsMax: 32,
  dirtyBytesPerFile: 16 * 2 ** 20,
  dirtyBytes: 64 * 2 ** 20,
  dirtyMs: 1000,
  reportMs: 30_000,
  capabilityMs: 1_200_000,
  tickMs: 500,
  readAheadBytes: 8 * 2 ** 20,
  readAheadBytesAll: 64 * 2 ** 20,
  readAheadBlockBytes: 2 ** 20,
  streamBlockBytes: 2 ** 20,
  streamBlocks: 8,
  questionsAtOnce: 64,
};

/** The defaults with changes, if all is within its bounds. */
export function fsSettings(changes: Partial<FsSettings> = {}): FsSettings {
  const settings = { ...DEFAULT_FS_SETTINGS, ...changes };
  const { gatherBytes, readAheadBlockBytes, streamBlockBytes } = settings;
  assert(isPowerOfTwo(gatherBytes, 4096), `not a size to gather: ${gatherBytes}`);
  assert(isPowerOfTwo(readAheadBlockBytes, 4096), `not a size to read ahead: ${readAheadBlockBytes}`);
  assert(isPowerOfTwo(streamBlockBytes, 4096), `not a size of a stream's pieces: ${streamBlockBytes}`);
  assert(settings.dirtyBytesPerFile >= gatherBytes, "a file may have at least what is gathered at once");
  assert(settings.dirtyBytes >= gatherBytes, "all files may have at least what is gathered at once");
  assert(settings.streamBlocks >= 1, "a stream has one piece under way at least");
  assert(settings.questionsAtOnce >= 1, "one question is asked at least");
  return settings;
}

function isPowerOfTwo(bytes: number, least: number): boolean {
  return Number.isInteger(Math.log2(bytes)) && bytes >= least && bytes <= 64 * 2 ** 20;
}
