/**
 * Between RPC and bytes: frames with a message and bulk bytes, over whatever carries them. `NetTransport` sends bulk bytes
 * behind the message; a fabric moves them by remote memory access and sends only where they are.
 */
import type { NetAddress, SignalOptions } from "@smallpond/base";
import type { BufferLease, LeasePart, Piece } from "@smallpond/fs-native";
import type { FrameKind, FrameSettings } from "../frame.ts";

export interface Transport {
  readonly settings: FrameSettings;
  /** Whether only processes of this machine can reach what listens there. */
  isLocal(address: NetAddress): boolean;
  listen(address: NetAddress): Promise<ChannelListener>;
  connect(address: NetAddress, options?: SignalOptions): Promise<Channel>;
}

/** Yields each channel once, until closed; those already taken live on. */
export interface ChannelListener extends AsyncIterable<Channel>, AsyncDisposable {
  readonly address: NetAddress;
  close(): Promise<void>;
}

export interface OutgoingFrame {
  readonly kind: FrameKind;
  readonly flags?: number;
  readonly id: number;
  /** Owned by the channel from now on. */
  readonly message: Uint8Array;
  /** Borrowed until `send` settles. */
  readonly bulk?: readonly Piece[];
  /** Of a question: where the bulk bytes of the answer will be taken to. */
  readonly into?: BufferLease | LeasePart | undefined;
}

export interface IncomingFrame {
  readonly kind: FrameKind;
  readonly flags: number;
  readonly id: number;
  /** Until the receiver returns, or takes the bulk bytes. */
  readonly messageView: Uint8Array;
  readonly bulkBytes: number;
  /**
   * Moves the bulk bytes to memory of at least as many bytes; at most once. What is not taken is dropped when the receiver
   * is done. An abort leaves the memory alone as soon as that can be, drops the rest and rejects with `signal.reason`.
   */
  takeBulk(memory: BufferLease | LeasePart, options?: SignalOptions): Promise<void>;
}

/** Called with each frame in order. The next one waits for the promise, if one is returned. */
export type Receiver = (frame: IncomingFrame) => void | Promise<void>;

export interface Channel extends AsyncDisposable {
  /** The other end, for logs. */
  readonly remote: string;
  /** Rises with every sign of life: frames that arrive, and every large piece of a long one, there or back. */
  readonly progress: number;
  /** Whether the peer may write to a question's `into` before its answer is taken, and until the channel has closed. */
  readonly fillsAhead: boolean;
  /** Of frames that wait to be sent. */
  readonly unsentBytes: number;

  /** What packets carry in the DS field from now on, as `LeasedConnection.mark`. */
  mark(dscp: number): void;

  /** Frames may be as long as the settings say from now on; before that, as short as a handshake's. */
  trust(): void;

  /** Sends after all earlier frames. Never throws: a channel that cannot send ends, and the receiver's side learns it. */
  post(frame: OutgoingFrame): void;

  /** The same, telling when the frame's memory is no longer used. Rejects when the channel ended before. */
  send(frame: OutgoingFrame): Promise<void>;

  /** Resolves when everything posted so far has left, or the channel has ended. */
  flushed(): Promise<void>;

  /**
   * Reads until the peer ends its side, which resolves. Once.
   *
   * @throws BAD_FRAME when the bytes are no frames, or too long ones.
   * @throws what the receiver throws, and errors of the network.
   */
  receive(receiver: Receiver): Promise<void>;

  /**
   * Sends what was posted, ends this side, and drops what still comes until the peer ends its side too: the way to have
   * last words arrive. After `receive` has ended only. An abort closes at once. Never rejects.
   */
  finish(options?: SignalOptions): Promise<void>;

  /** Drops what is under way in both directions. Idempotent. */
  close(): Promise<void>;
}
