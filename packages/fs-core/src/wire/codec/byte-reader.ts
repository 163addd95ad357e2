/** Bytes of messages and rows, read in order. Whatever is not as it must be is `BAD_MESSAGE`, never a wrong value. */
import { PondError } from "@smallpond/base";

export interface BadMessageDetails {
  /** Where in the bytes. */
  readonly offset: number;
}

/** What damaged, foreign or hostile bytes are refused with. */
export type BadMessageError = PondError<"BAD_MESSAGE", BadMessageDetails>;

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** The bytes are borrowed: what is read from them is copied out. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** Only the shortest form of a number is one: equal values have equal bytes. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw this.bad("a count is too large");
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) throw this.bad("a count is not in its shortest form");
        return value;
      }
      scale *= 0x80;
    }
  }

  /** A copy. */
  raw(count: number): Uint8Array {
    const at = this.#take(count);
    // Not `Buffer.slice`, which would be a view.
    return Uint8Array.prototype.slice.call(this.#bytes, at, at + count);
  }

  /** Until the bytes go. */
  rawView(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Demands that everything was read. */
  end(): void {
    if (this.remaining > 0) throw this.bad(`${this.remaining} bytes are left over`);
  }

  bad(reason: string): BadMessageError {
    return badMessage(reason, this.#at);
  }

  #take(count: number): number {
    if (count > this.remaining) throw this.bad(`${count} bytes are needed and ${this.remaining} are there`);
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

export function badMessage(reason: string, offset: number): BadMessageError {
  return new PondError("BAD_MESSAGE", {
    kind: "corrupt",
    message: `bytes that are no message of ours: ${reason}`,
    details: { offset },
  });
}
