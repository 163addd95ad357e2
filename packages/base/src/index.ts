/** The main door of `@smallpond/base`: everything here is pure; the real machine is behind `./platform/node`. */
export { assert, assertNever, assertSafeInteger } from "./assert.ts";
export {
  concatBytes,
  equalBytes,
  formatBytes,
  fromHex,
  getU32,
  getU64,
  parseBytes,
  putU32,
  putU64,
  toHex,
} from "./bytes.ts";
export {
  assertDurationMs,
  type Clock,
  type Deadline,
  type DeadlineError,
  deadlineWith,
  type SignalOptions,
  type StartTimer,
  sleepWith,
  type Timer,
} from "./clock.ts";
export {
  assertOpenOptions,
  type DirectoryEntry,
  type Disk,
  type DiskError,
  type DiskErrorCode,
  type DiskErrorDetails,
  type DiskFile,
  type DiskStat,
  diskError,
  type EntryType,
  type FromTo,
  type OpenOptions,
  type TempDirectory,
  type WriteFileOptions,
} from "./disk.ts";
export { DisposalStack } from "./disposal.ts";
export {
  type ErrorJson,
  type ErrorKind,
  errorFromJson,
  errorToJson,
  formatError,
  InvariantError,
  isPondError,
  PondError,
  type PondErrorOptions,
} from "./errors.ts";
export { type BadIdError, type Brand, defineId, type JobId, jobId, newJobId } from "./ids.ts";
export {
  type Connection,
  DEFAULT_NET_SETTINGS,
  formatAddress,
  type Listener,
  type Net,
  type NetAddress,
  type NetError,
  type NetErrorCode,
  type NetErrorDetails,
  type NetSettings,
  netError,
} from "./net.ts";
export { NO_PROBES, type Probes } from "./probes.ts";
export {
  type Random,
  Random32,
  SeededRandom,
  splitMix64,
  uuidFromBytes,
  xoshiro128starstar,
} from "./random.ts";
export { type Err, err, type Ok, ok, type Result, unwrap } from "./result.ts";
export { News, Tasks, Turns } from "./tasks.ts";
