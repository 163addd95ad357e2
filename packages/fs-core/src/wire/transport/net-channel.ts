/** Frames on one connection, read where they arrive and written in batches. */
import { assert, netError, type Probes, type SignalOptions } from "@smallpond/base";
import type { BufferLease, Crc32c, LeasedConnection, LeasePart } from "@smallpond/fs-native";
import {
  badFrame,
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  type FrameSettings,
} from "../frame.ts";
import { FrameSender } from "./frame-sender.ts";
import type { Channel, IncomingFrame, OutgoingFrame, Receiver } from "./transport.ts";

/** A long message or bulk is read in steps: each is a sign of life, and a place to stop at. */
const STEP_BYTES = 2 ** 20;
/** What any receive buffer holds. */
const FILL_BYTES = 4096;

export interface NetChannelDeps {
  readonly connection: LeasedConnection;
  readonly crc32c: Crc32c;
  readonly probes: Probes;
}

export class NetChannel implements Channel {
  readonly fillsAhead = false;
  readonly #connection: LeasedConnection;
  readonly #crc32c: Crc32c;
  readonly #settings: FrameSettings;
  readonly #sender: FrameSender;
  #trusted = false;
  #progress = 0;

  constructor(deps: NetChannelDeps, settings: FrameSettings) {
    this.#connection = deps.connection;
    this.#crc32c = deps.crc32c;
    this.#settings = settings;
    const onProgress = (): void => {
      this.#progress += 1;
    };
    this.#sender = new FrameSender({ ...deps, onProgress });
  }

  get remote(): string {
    return this.#connection.remote;
  }

  get progress(): number {
    return this.#progress;
  }

  get unsentBytes(): number {
    return this.#sender.unsentBytes;
  }

  mark(dscp: number): void {
    this.#connection.mark(dscp);
  }

  trust(): void {
    this.#trusted = true;
  }

  post(frame: OutgoingFrame): void {
    this.#sender.post(frame);
  }

  send(frame: OutgoingFrame): Promise<void> {
    return this.#sender.send(frame);
  }

  flushed(): Promise<void> {
    return this.#sender.flushed();
  }

  async receive(receiver: Receiver): Promise<void> {
    const connection = this.#connection;
    for (;;) {
      if (
        connection.receivedView.length < FRAME_HEADER_BYTES &&
        !(await connection.fill(FRAME_HEADER_BYTES))
      ) {
        if (connection.receivedView.length === 0) return;
        throw this.#cutShort();
      }
      const header = decodeFrameHeader(this.#crc32c, connection.receivedView);
      this.#checkLengths(header);
      const whole = FRAME_HEADER_BYTES + header.messageBytes;
      let view = connection.receivedView;
      let held = whole;
      if (view.length >= whole) {
        view = view.subarray(FRAME_HEADER_BYTES, whole);
      } else if (whole <= FILL_BYTES) {
        if (!(await connection.fill(whole))) throw this.#cutShort();
        view = connection.receivedView.subarray(FRAME_HEADER_BYTES, whole);
      } else {
        connection.consume(FRAME_HEADER_BYTES);
        view = await this.#longMessage(header.messageBytes);
        held = 0;
      }
      if (this.#crc32c.of(view) !== header.messageCrc) {
        throw badFrame("message checksum", "the checksum of its message is wrong");
      }
      this.#progress += 1;
      const frame = new NetFrame(header, view, {
        release: () => this.#consume(held),
        read: (m, o) => this.#read(m, o),
      });
      const taken = receiver(frame);
      if (taken !== undefined) await taken;
      frame.end();
      if (frame.bulkRest > 0) await this.#skip(frame.bulkRest);
    }
  }

  async finish(options: SignalOptions = {}): Promise<void> {
    const connection = this.#connection;
    try {
      await this.flushed();
      await connection.end();
      connection.consume(connection.receivedView.length);
      while (await connection.fill(1, options)) connection.consume(connection.receivedView.length);
    } catch {
      // Whoever does not listen to last words misses them.
    }
    await connection.close();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkLengths({ messageBytes, bulkBytes }: FrameHeader): void {
    const { messageBytesMax, handshakeBytesMax, bulkBytesMax } = this.#settings;
    const most = this.#trusted ? messageBytesMax : handshakeBytesMax;
    if (messageBytes > most) {
      throw badFrame("message length", `its message has ${messageBytes} bytes, and ${most} are the most`);
    }
    const bulkMost = this.#trusted ? bulkBytesMax : 0;
    if (bulkBytes > bulkMost) {
      throw badFrame("bulk length", `it brings ${bulkBytes} bulk bytes, and ${bulkMost} are the most`);
    }
  }

  #consume(bytes: number): void {
    if (bytes > 0) this.#connection.consume(bytes);
  }

  /** Grown as it arrives: a peer that only claims a length costs nothing. */
  async #longMessage(bytes: number): Promise<Uint8Array> {
    let message: Uint8Array = new Uint8Array(Math.min(bytes, 2 * FILL_BYTES));
    let filled = 0;
    let signAt = STEP_BYTES;
    while (filled < bytes) {
      if (!(await this.#connection.fill(Math.min(bytes - filled, FILL_BYTES)))) throw this.#cutShort();
      const view = this.#connection.receivedView;
      const part = view.subarray(0, Math.min(view.length, bytes - filled));
      if (filled + part.length > message.length) {
        const grown = new Uint8Array(Math.min(bytes, 2 * (filled + part.length)));
        grown.set(message.subarray(0, filled));
        message = grown;
      }
      message.set(part, filled);
      filled += part.length;
      this.#connection.consume(part.length);
      if (filled >= signAt) {
        this.#progress += 1;
        signAt += STEP_BYTES;
      }
    }
    return message;
  }

  /** Resolves with how much was read before the abort; the steps before it are in place. */
  async #read(
    memory: LeasePart & { length: number; offset: number },
    { signal }: SignalOptions,
  ): Promise<number> {
    let filled = 0;
    while (filled < memory.length && signal?.aborted !== true) {
      const length = Math.min(STEP_BYTES, memory.length - filled);
      await this.#connection.readInto({ lease: memory.lease, offset: memory.offset + filled, length });
      filled += length;
      this.#progress += 1;
    }
    return filled;
  }

  async #skip(bytes: number): Promise<void> {
    let rest = bytes;
    let signAt = rest - STEP_BYTES;
    while (rest > 0) {
      if (!(await this.#connection.fill(1))) throw this.#cutShort();
      const count = Math.min(rest, this.#connection.receivedView.length);
      this.#connection.consume(count);
      rest -= count;
      if (rest <= signAt) {
        this.#progress += 1;
        signAt -= STEP_BYTES;
      }
    }
  }

  #cutShort(): Error {
    return netError("ECONNRESET", { operation: "read from", address: this.remote });
  }
}

interface FrameSource {
  /** The message's bytes are not needed any more. */
  readonly release: () => void;
  readonly read: (
    memory: LeasePart & { length: number; offset: number },
    options: SignalOptions,
  ) => Promise<number>;
}

class NetFrame implements IncomingFrame {
  readonly #header: FrameHeader;
  readonly #source: FrameSource;
  readonly messageView: Uint8Array;
  bulkRest: number;
  #released = false;

  constructor(header: FrameHeader, messageView: Uint8Array, source: FrameSource) {
    this.#header = header;
    this.messageView = messageView;
    this.#source = source;
    this.bulkRest = header.bulkBytes;
  }

  get kind(): FrameHeader["kind"] {
    return this.#header.kind;
  }

  get flags(): number {
    return this.#header.flags;
  }

  get id(): number {
    return this.#header.id;
  }

  get bulkBytes(): number {
    return this.#header.bulkBytes;
  }

  async takeBulk(memory: BufferLease | LeasePart, options: SignalOptions = {}): Promise<void> {
    assert(this.bulkRest === this.bulkBytes, "bulk bytes are taken once");
    const part = "lease" in memory ? memory : { lease: memory };
    const { lease, offset = 0, length = lease.length - offset } = part;
    assert(length >= this.bulkBytes, `${this.bulkBytes} bulk bytes do not fit into ${length}`);
    this.end();
    this.bulkRest -= await this.#source.read({ lease, offset, length: this.bulkBytes }, options);
    if (this.bulkRest > 0) options.signal?.throwIfAborted();
  }

  end(): void {
    if (this.#released) return;
    this.#released = true;
    this.#source.release();
  }
}
