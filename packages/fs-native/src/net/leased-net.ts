/**
 * Byte streams whose bytes go straight into leased memory, and from it: `Net` of `@smallpond/base`, and what a protocol
 * needs to keep payloads out of the JavaScript heap. Over the addon's sockets, or over any other `Net` at the price of a
 * copy; both keep the contract in `testing/contracts/leased-net.ts`.
 */
import type { Connection, Listener, Net, NetAddress, SignalOptions } from "@smallpond/base";
import type { BufferLease, LeasePart } from "../memory/lease.ts";

export interface LeasedNet extends Net {
  /** `native` copies nothing; `portable` runs over another `Net`. */
  readonly kind: "native" | "portable";
  listen(address: NetAddress): Promise<LeasedListener>;
  connect(address: NetAddress, options?: SignalOptions): Promise<LeasedConnection>;
}

export interface LeasedListener extends Listener {
  [Symbol.asyncIterator](): AsyncIterator<LeasedConnection>;
}

/**
 * A connection read message by message:
 *
 *     while (await connection.fill(HEADER_BYTES)) {
 *       const header = decode(connection.receivedView);
 *       connection.consume(HEADER_BYTES);
 *       await connection.readInto({ lease, length: header.payloadBytes });
 *     }
 *
 * One read waits at a time. Iterating it as a `Connection` reads the same bytes, from where the last read ended.
 */
export interface LeasedConnection extends Connection {
  /** Received and not consumed; shows something else after the next call that reads or consumes. */
  readonly receivedView: Uint8Array;

  /**
   * Waits until at least `bytes` are in `receivedView`, at most `receiveBytes` of the settings; more may be. False when
   * the peer ends its side before. An abort gives up waiting, takes nothing and rejects with `signal.reason`.
   */
  fill(bytes: number, options?: SignalOptions): Promise<boolean>;

  /**
   * What the packets that go from here carry in the DS field from now on (RFC 2474), from 0 to 63, for the network to tell
   * classes of traffic apart. Nothing where there are no such packets, or they are made by somebody who has no call for it.
   */
  mark(dscp: number): void;

  /** Drops the first bytes of `receivedView`. */
  consume(bytes: number): void;

  /**
   * Fills the memory with the next bytes: those of `receivedView`, then straight from the socket. The lease is in use
   * until the promise settles. Fails with `ECONNRESET` when the peer ends before. An abort closes the connection, since
   * part of the bytes is taken, and rejects with `signal.reason`.
   */
  readInto(memory: BufferLease | LeasePart, options?: SignalOptions): Promise<void>;

  /**
   * Sends the pieces one after another, with no other write between them; they are borrowed until the promise settles.
   * Otherwise like `write`.
   */
  writeFrom(pieces: readonly Piece[], options?: SignalOptions): Promise<void>;
}

/** Something to send. */
export type Piece = Uint8Array | BufferLease | LeasePart;
