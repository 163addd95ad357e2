/**
 * Messages with open descriptors in them, between processes of one machine: how memory, events and files get to a
 * process that could not open them itself. Only with the addon; see `shared-memory.ts`.
 *
 * A message arrives whole with all its descriptors, or not at all.
 */
import { type ErrorKind, PondError, type SignalOptions } from "@smallpond/base";

export interface DescriptorChannel extends AsyncDisposable {
  /** Who made the other end, as the kernel knows it. */
  readonly peer: { readonly process: number; readonly user: number; readonly group: number };

  /**
   * Sends a message of 1 to 4,096 bytes, and copies of up to 253 descriptors, which stay open here. Bytes and descriptors
   * are borrowed until the promise settles, which happens when the kernel has taken them. An abort gives up the place
   * in the queue, and rejects with `signal.reason`.
   */
  send(bytes: Uint8Array, descriptors?: readonly number[], options?: SignalOptions): Promise<void>;

  /**
   * The next message; undefined when the peer has closed. One caller waits at a time. A message that could not be taken
   * whole fails with `EMFILE` or `EMSGSIZE` and is gone, its descriptors closed; the channel goes on.
   */
  receive(options?: SignalOptions): Promise<DescriptorMessage | undefined>;

  /** Idempotent; whoever waits fails with `ECLOSED`. */
  close(): Promise<void>;
}

/** What arrived. Disposing of it closes the descriptors that nobody took. */
export interface DescriptorMessage extends Disposable {
  readonly bytes: Uint8Array;
  readonly descriptors: readonly ReceivedDescriptor[];
}

export interface ReceivedDescriptor extends Disposable {
  /** Owned by this object, until `take`. */
  readonly fd: number;
  /** Hands it over: whoever calls this sees to it that it is closed, never through `fs`. */
  take(): number;
}

/** Yields each channel once, until closed. */
export interface DescriptorListener extends AsyncIterable<DescriptorChannel>, AsyncDisposable {
  readonly path: string;
  /** Stops listening and removes the socket. Idempotent. */
  close(): Promise<void>;
}

export interface DescriptorChannelSettings {
  /** Messages that may wait for the peer to read; a further one fails with `EQUEUEFULL`. */
  readonly unsentMax: number;
  /** Channels that nobody took yet; further ones are closed at once. */
  readonly acceptQueueMax: number;
}

export const DEFAULT_DESCRIPTOR_SETTINGS: DescriptorChannelSettings = { unsentMax: 64, acceptQueueMax: 128 };

/** Codes are the kernel's names, and those of ours that `NetErrorCode` has. */
export type DescriptorErrorCode =
  | "EPIPE"
  | "ECONNRESET"
  | "ECONNREFUSED"
  | "ENOENT"
  | "EACCES"
  | "EADDRINUSE"
  | "ENAMETOOLONG"
  | "EBADF"
  | "EINVAL"
  | "EMFILE"
  | "EMSGSIZE"
  | "ETOOMANYREFS"
  | "ECLOSED"
  | "EQUEUEFULL"
  | "NATIVE_MISSING"
  | "EOTHER";

export interface DescriptorErrorDetails {
  readonly operation: string;
  readonly channel: string;
}

export type DescriptorError = PondError<DescriptorErrorCode, DescriptorErrorDetails>;

const KINDS: Readonly<Record<DescriptorErrorCode, ErrorKind>> = {
  EPIPE: "unknown-outcome",
  ECONNRESET: "unknown-outcome",
  ECONNREFUSED: "unavailable",
  ENOENT: "unavailable",
  EACCES: "invalid",
  EADDRINUSE: "conflict",
  ENAMETOOLONG: "invalid",
  EBADF: "invalid",
  EINVAL: "invalid",
  EMFILE: "unavailable",
  EMSGSIZE: "invalid",
  ETOOMANYREFS: "retry",
  ECLOSED: "closed",
  EQUEUEFULL: "retry",
  NATIVE_MISSING: "unavailable",
  EOTHER: "internal",
};

const PHRASES: Partial<Record<DescriptorErrorCode, string>> = {
  EPIPE: "the other side closed it",
  ECONNRESET: "the other side dropped it",
  ECONNREFUSED: "nobody is listening there",
  ENOENT: "the socket does not exist",
  EADDRINUSE: "the path is in use",
  ENAMETOOLONG: "the path of a unix socket has at most 107 bytes",
  EBADF: "one of the descriptors is not open",
  EINVAL: "a message has 1 to 4,096 bytes and at most 253 descriptors",
  EMFILE: "this process may not open the descriptors that came",
  EMSGSIZE: "the message is too long",
  ETOOMANYREFS: "too many descriptors are on their way",
  ECLOSED: "it was closed here",
  EQUEUEFULL: "too many messages are waiting to be sent",
};

export function descriptorError(
  code: string,
  details: DescriptorErrorDetails,
  options: { readonly cause?: unknown; readonly reason?: string } = {},
): DescriptorError {
  const known = Object.hasOwn(KINDS, code) ? (code as DescriptorErrorCode) : "EOTHER";
  return new PondError(known, {
    kind: KINDS[known],
    message: `cannot ${details.operation} ${details.channel}: ${options.reason ?? PHRASES[known] ?? code}`,
    details,
    hint: known === "EMFILE" ? "raise the limit: ulimit -n" : undefined,
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}
