/**
 * Messages and remote memory access between processes, over leased memory. `libfabric` where it is built in, else
 * nothing: who has no fabric talks TCP. `MemoryFabric` is the same in memory, for simulation and tests; both keep the
 * contract in `testing/contracts/fabric.ts`.
 *
 * Every expected failure is a {@link FabricError}. Aborting: an operation that still waits here is taken back and has done
 * nothing. One that the provider has cannot be taken back: the connection to its peer is closed, which ends everything
 * under way with that peer (the others fail with `ECONNRESET`), and it rejects with `signal.reason`. Either way a promise
 * settles only when nothing touches its memory any more; leases stay held until then. What an aborted or failed `send`
 * or `write` did at the other side is unknown.
 *
 * A silent peer is not told from a slow one: callers that need a bound pass a deadline.
 */
import type { SignalOptions } from "@smallpond/base";
import type { BufferLease, LeasePart, Region } from "../memory/lease.ts";

/** How a writer learns that its bytes are in place at the other side. */
export type WriteGuarantee =
  /** The provider completes a write when the bytes are there. */
  | "delivery-complete"
  /** Reads come after writes, so a write is followed by a read of its last byte. */
  | "read-after-write"
  /** Memory of one process. */
  | "immediate";

/** What differs by provider, read from it. Bytes and counts. */
export interface ProviderLimits {
  /** One read or write. */
  readonly transferBytesMax: number;
  /** A transfer up to here needs no memory of the caller's once it is posted. */
  readonly injectBytesMax: number;
  /** Operations and receives at once, of those asked for. */
  readonly transmitDepthMax: number;
  readonly receiveDepthMax: number;
  /** Pieces of memory in one operation, here and at the other side. */
  readonly iovMax: number;
  readonly rmaIovMax: number;
  /** Of a region's key. */
  readonly keyBytes: number;
  /** Regions at once; 0 when the provider does not say. */
  readonly regionsMax: number;
  /** What the provider asks of memory, as libfabric's FI_MR_ bits; 0 for nothing. */
  readonly memoryMode: number;
  readonly addressFormat: string;
  readonly addressBytes: number;
  readonly writeGuarantee: WriteGuarantee;
}

export interface FabricLimits extends ProviderLimits {
  readonly messageBytesMax: number;
}

/** The other end, by its address. The same address gives the same peer. */
export interface FabricPeer {
  readonly address: Uint8Array;
}

export interface FabricMessage {
  /** Undefined while nobody here asked for the sender's address by `peer`. */
  readonly from: FabricPeer | undefined;
  /** Valid until the next batch is asked for, or the loop is left. */
  readonly bodyView: Uint8Array;
}

/** What a peer needs to reach registered memory. It is sent to it in a message; 64 bits each. */
export interface RemoteRegion {
  readonly key: bigint;
  readonly base: bigint;
  readonly bytes: number;
}

/** Memory that peers may reach, until `close`. */
export interface FabricRegion extends RemoteRegion, Disposable {
  /**
   * Peers that come later are refused. One that is in the middle of a transfer may finish it: agree with peers before the
   * memory is used for anything else.
   */
  close(): void;
}

export type RemoteAccess = "read" | "read-write";

/** A place in a peer's memory. */
export interface RemotePlace {
  readonly peer: FabricPeer;
  readonly region: RemoteRegion;
  /** From the start of the region. */
  readonly offset: number;
}

export interface FabricEndpoint extends AsyncDisposable {
  /** Such as `tcp;ofi_rxm`, or `memory`. */
  readonly provider: string;
  /** To be given to peers by other means. */
  readonly address: Uint8Array;
  readonly limits: FabricLimits;
  /** Operations that the provider has. */
  readonly inFlight: number;
  /** Operations that wait here: for a connection, for room, for a buffer. */
  readonly waiting: number;

  /**
   * @throws EINVAL for what is no address of this provider.
   * @throws EQUEUEFULL when there are `peersMax` already.
   */
  peer(address: Uint8Array): FabricPeer;

  /**
   * Ends everything under way with a peer (`ECONNRESET`) and forgets it. It is connected again when it is used again.
   */
  disconnect(peer: FabricPeer): void;

  /**
   * Sends a message, after all earlier ones to that peer. Resolves when the provider has taken the bytes, which are
   * borrowed until then; it does not mean that the peer has them.
   *
   * @throws EMSGSIZE beyond `limits.messageBytesMax`.
   * @throws ETIMEDOUT (nothing was sent) when the peer could not be reached for `connectMsMax`.
   * @throws EQUEUEFULL (nothing was sent) when `waitingMax` operations wait.
   */
  send(peer: FabricPeer, bytes: Uint8Array, options?: SignalOptions): Promise<void>;

  /**
   * Messages, in order per sender, in batches. One reader at a time. There is room for `receiveBuffers` messages that
   * nobody took; then senders wait. Ends when the endpoint is closed.
   */
  messages(): AsyncIterable<readonly FabricMessage[]>;

  /** Lets peers reach memory, which stays held until the region is closed. Not more than they need. */
  register(memory: Region | BufferLease | LeasePart, access: RemoteAccess): FabricRegion;

  /** Fills the memory from a peer's, without the peer's program. Errors as `send`. */
  read(into: BufferLease | LeasePart, from: RemotePlace, options?: SignalOptions): Promise<void>;

  /**
   * Writes the memory to a peer's. When it resolves, the bytes are in place there: the peer sees them once it learns of
   * the write by a message, as do all others that read them. Errors as `send`.
   */
  write(from: BufferLease | LeasePart, to: RemotePlace, options?: SignalOptions): Promise<void>;

  /**
   * Drops connections and all that is under way, which fails with `ECLOSED`; what must arrive is awaited before. Resolves
   * when nothing touches memory any more. Idempotent.
   */
  close(): Promise<void>;
}
