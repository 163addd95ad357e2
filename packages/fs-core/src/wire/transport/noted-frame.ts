/** A frame whose bulk bytes are fetched from the peer's memory, or are in place already. */
import { assert, type SignalOptions } from "@smallpond/base";
import type { BufferLease, LeasePart } from "@smallpond/fs-native";
import { FLAG_FABRIC } from "../frame.ts";
import type { FabricNote, FabricPlace } from "./fabric-messages.ts";
import type { IncomingFrame } from "./transport.ts";

export interface FabricFrameParts {
  readonly note: FabricNote;
  readonly messageView: Uint8Array;
  readonly fetch: (
    sources: readonly FabricPlace[],
    memory: Required<LeasePart>,
    options: SignalOptions,
  ) => Promise<void>;
}

export class FabricFrame implements IncomingFrame {
  readonly #frame: IncomingFrame;
  readonly #noted: FabricFrameParts;
  #isTaken = false;

  constructor(frame: IncomingFrame, about: FabricFrameParts) {
    this.#frame = frame;
    this.#noted = about;
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
    return this.#noted.messageView;
  }

  get bulkBytes(): number {
    return this.#noted.note.bulkBytes;
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
    await this.#noted.fetch(this.#noted.note.sources, { lease, offset, length }, options);
    options.signal?.throwIfAborted();
  }
}
