/**
 * Loss, duplication and reordering of whole messages inside a byte stream.
 *
 * TCP never does that to a living connection, but a protocol on top of it sees the same: a message is lost when its
 * connection breaks, arrives twice when it is sent again on the next one, and late when the old connection was slow.
 * Breaking connections tests that too, but rarely one message at a time. Where the fabric is told how a protocol cuts
 * its stream into frames, it can treat each frame as a datagram; a protocol whose requests carry ids, are repeated
 * and mean the same twice must not mind.
 */
import { concatBytes, type Random } from "@smallpond/base";

export interface FrameFaults {
  /** Bytes of the frame at the start of `bytes`, or nothing if more are needed to tell. */
  readonly frameBytes: (bytes: Uint8Array) => number | undefined;
  readonly lossShare: number;
  readonly duplicateShare: number;
  /** Share of frames that let the next one pass. */
  readonly reorderShare: number;
}

/** Cuts what is written into frames and says what is sent instead. One per direction of a connection. */
export class FrameMangler {
  readonly #random: Random;
  #rest: Uint8Array = new Uint8Array(0);
  #late: Uint8Array | undefined;

  constructor(deps: { readonly random: Random }) {
    this.#random = deps.random;
  }

  /** What goes out now; an incomplete frame waits for its rest, a late one for the next. */
  push(bytes: Uint8Array, faults: FrameFaults | undefined): readonly Uint8Array[] {
    if (faults === undefined) return this.#pass(bytes);
    const out: Uint8Array[] = [];
    let rest = concatBytes([this.#rest, bytes]);
    for (let size = faults.frameBytes(rest); size !== undefined; size = faults.frameBytes(rest)) {
      if (rest.length < size) break;
      this.#treat(rest.slice(0, size), faults, out);
      rest = rest.slice(size);
    }
    this.#rest = rest;
    return out;
  }

  /** Whatever was kept back. */
  flush(): readonly Uint8Array[] {
    return this.#pass(new Uint8Array(0));
  }

  /** Faults may end within a frame: what was kept of it goes first, and a late frame before it. */
  #pass(bytes: Uint8Array): readonly Uint8Array[] {
    const parts = [this.#late, this.#rest, bytes].filter(
      (part): part is Uint8Array => part !== undefined && part.length > 0,
    );
    this.#late = undefined;
    this.#rest = new Uint8Array(0);
    return parts;
  }

  #treat(frame: Uint8Array, faults: FrameFaults, out: Uint8Array[]): void {
    if (this.#random.next() < faults.lossShare) return;
    if (this.#late === undefined && this.#random.next() < faults.reorderShare) {
      this.#late = frame;
      return;
    }
    out.push(frame);
    if (this.#random.next() < faults.duplicateShare) out.push(frame);
    if (this.#late !== undefined) out.push(this.#late);
    this.#late = undefined;
  }
}
