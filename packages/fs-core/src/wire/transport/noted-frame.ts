/** A frame in front of whose message stands where its bulk bytes are: they pass by the channel that brought it. */
import { assert, type SignalOptions } from "@smallpond/base";
import type { BufferLease, LeasePart } from "@smallpond/fs-native";
import { ByteWriter, type Codec, decode, u32 } from "../codec/index.ts";
import { FLAG_FABRIC } from "../frame.ts";
import type { IncomingFrame, OutgoingFrame } from "./transport.ts";

export interface NotedFrameParts {
  readonly bulkBytes: number;
  readonly messageView: Uint8Array;
  /** Brings them. */
  readonly fetch: (memory: Required<LeasePart>, options: SignalOptions) => Promise<void>;
}

export class NotedFrame implements IncomingFrame {
  readonly #frame: IncomingFrame;
  readonly #parts: NotedFrameParts;
  #isTaken = false;

  constructor(frame: IncomingFrame, parts: NotedFrameParts) {
    this.#frame = frame;
    this.#parts = parts;
  }

  get kind(): IncomingFrame["kind"] {
    return this.#frame.kind;
  }

  get flags(): number {
    return this.#frame.flags & ~FLAG_FABRIC;
  }

  get id(): number {
    return this.#frame.id;
  }

  get messageView(): Uint8Array {
    return this.#parts.messageView;
  }

  get bulkBytes(): number {
    return this.#parts.bulkBytes;
  }

  async takeBulk(memory: BufferLease | LeasePart, options: SignalOptions = {}): Promise<void> {
    assert(!this.#isTaken, "bulk bytes are taken once");
    this.#isTaken = true;
    const {
      lease,
      offset = 0,
      length = lease.length - offset,
    } = "lease" in memory ? memory : { lease: memory };
    assert(length >= this.bulkBytes, `${this.bulkBytes} bulk bytes do not fit into ${length}`);
    await this.#parts.fetch({ lease, offset, length }, options);
    options.signal?.throwIfAborted();
  }
}

/** The frame without its bulk bytes, with a note in front of its message. */
export function noted<N>(frame: OutgoingFrame, codec: Codec<N>, note: N): OutgoingFrame {
  const { kind, id, flags = 0, message } = frame;
  const inner = new ByteWriter();
  codec.write(inner, note);
  const writer = new ByteWriter();
  writer.u32(inner.size);
  writer.raw(inner.writtenView);
  writer.raw(message);
  return { kind, id, flags: flags | FLAG_FABRIC, message: writer.finish() };
}

/** Views of the bytes given. @throws BAD_MESSAGE */
export function splitNote<N>(
  codec: Codec<N>,
  whole: Uint8Array,
): { readonly note: N; readonly messageView: Uint8Array } {
  const length = decode(u32, whole.subarray(0, 4));
  const end = 4 + length;
  return { note: decode(codec, whole.subarray(4, end)), messageView: whole.subarray(end) };
}
