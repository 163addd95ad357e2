/**
 * Byte streams between processes as a dependency. No framing, no retries, no policy: those live above.
 *
 * Everything is bounded. A connection buffers a limited number of received bytes and then stops reading from its
 * peer; unsent bytes are limited by {@link NetSettings}; a listener keeps a limited number of connections that nobody
 * took yet and turns the rest away.
 */
import type { SignalOptions } from "./clock.ts";
import { type ErrorKind, PondError } from "./errors.ts";

export type NetAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/**
 * Codes are the kernel's names, and three of ours: `ECLOSED` is a call on what was closed here, `EQUEUEFULL` a write
 * refused because too many bytes are waiting, `EOTHER` anything else, its name in `cause`.
 */
export type NetErrorCode =
  | "ECONNREFUSED"
  | "ECONNRESET"
  | "EPIPE"
  | "ETIMEDOUT"
  | "EHOSTUNREACH"
  | "ENETUNREACH"
  | "ENOTFOUND"
  | "EADDRINUSE"
  | "EADDRNOTAVAIL"
  | "EACCES"
  | "ENOENT"
  | "ENAMETOOLONG"
  | "ECLOSED"
  | "EQUEUEFULL"
  | "EOTHER";

export interface NetErrorDetails {
  /** The method that failed. */
  readonly operation: string;
  readonly address: string;
}

export type NetError = PondError<NetErrorCode, NetErrorDetails>;

/** Limits every implementation keeps. */
export interface NetSettings {
  /**
   * Bytes of writes not yet taken by the kernel, per connection; a further write beyond that fails with `EQUEUEFULL`
   * and sends nothing. One write alone may be larger.
   */
  readonly unsentBytesMax: number;
  /** Connections waiting in a listener to be taken; further ones are closed at once. */
  readonly acceptQueueMax: number;
}

export const DEFAULT_NET_SETTINGS: NetSettings = { unsentBytesMax: 64 * 2 ** 20, acceptQueueMax: 128 };

export interface Net {
  /** Port 0 asks for a free one: read it from `Listener.address`. A unix path must not exist; closing removes it. */
  listen(address: NetAddress): Promise<Listener>;

  /** An abort closes the half-made connection and rejects with `signal.reason`. */
  connect(address: NetAddress, options?: SignalOptions): Promise<Connection>;
}

/** Yields each connection once, until closed. Leaving the loop early closes the listener. One reader at a time. */
export interface Listener extends AsyncIterable<Connection>, AsyncDisposable {
  readonly address: NetAddress;

  /** Stops listening and drops connections nobody took. Those already taken live on. Idempotent. */
  close(): Promise<void>;
}

/**
 * A stream in each direction. Reading yields batches of received bytes, owned by the reader, in order and with no
 * meaning to their borders. Only one reader, once; leaving the loop early closes the connection.
 *
 * Reading ends when the peer ended its side, and throws `ECONNRESET` when the peer reset the connection. A peer that
 * closed or crashed looks like either, so a protocol says goodbye in its own words; a machine that lost power looks
 * like silence, so a protocol also has heartbeats.
 */
export interface Connection extends AsyncIterable<Uint8Array>, AsyncDisposable {
  /** The other end, for messages and logs. */
  readonly remote: string;

  /**
   * Sends bytes after all earlier writes. The buffer is borrowed until the promise settles, which happens when the
   * kernel has taken the bytes: awaiting each write is what keeps a fast writer in step with a slow reader. It does
   * not mean that the peer has them. An abort closes the connection, since part may have been sent; the outcome of
   * every write in flight is then unknown.
   */
  write(bytes: Uint8Array, options?: SignalOptions): Promise<void>;

  /** Says that no more writes come; the peer's reading ends after the last byte. Reading here goes on. Idempotent. */
  end(): Promise<void>;

  /**
   * Drops the connection in both directions, unsent bytes included; `end` first to have them delivered. A reader or
   * writer that waits here fails with `ECLOSED`. Idempotent.
   */
  close(): Promise<void>;
}

const KINDS: Readonly<Record<NetErrorCode, ErrorKind>> = {
  ECONNREFUSED: "unavailable",
  ECONNRESET: "unknown-outcome",
  EPIPE: "unknown-outcome",
  ETIMEDOUT: "unavailable",
  EHOSTUNREACH: "unavailable",
  ENETUNREACH: "unavailable",
  ENOTFOUND: "unavailable",
  EADDRINUSE: "conflict",
  EADDRNOTAVAIL: "invalid",
  EACCES: "invalid",
  ENOENT: "unavailable",
  ENAMETOOLONG: "invalid",
  ECLOSED: "closed",
  EQUEUEFULL: "retry",
  EOTHER: "internal",
};

const PHRASES: Partial<Record<NetErrorCode, string>> = {
  ECONNREFUSED: "nobody is listening there",
  ECONNRESET: "the other side dropped the connection",
  EPIPE: "the other side closed the connection",
  EADDRINUSE: "the address is in use",
  ENOTFOUND: "the host name is unknown",
  ENOENT: "the socket does not exist",
  ENAMETOOLONG: "the path of a unix socket has at most 107 bytes",
  ECLOSED: "it was closed here",
  EQUEUEFULL: "too many bytes are waiting to be sent",
};

/** The error every implementation of {@link Net} throws. An unknown code becomes `EOTHER`. */
export function netError(code: string, details: NetErrorDetails, options?: { cause?: unknown }): NetError {
  const known: NetErrorCode = Object.hasOwn(KINDS, code) ? (code as NetErrorCode) : "EOTHER";
  return new PondError(known, {
    kind: KINDS[known],
    message: `cannot ${details.operation} ${details.address}: ${PHRASES[known] ?? code}`,
    details,
    ...(options?.cause === undefined ? {} : { cause: options.cause }),
  });
}

/** `host:port` (IPv6 hosts in brackets) or `unix:/path`. */
export function formatAddress(address: NetAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
