/** Bytes of messages and rows, written in order into one growing buffer. Integers are little endian. */
import { assert } from "@smallpond/base";

const FIRST_BYTES = 256;

/** Reusable: `reset` forgets what was written and keeps the memory. */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  #view: DataView = new DataView(this.#bytes.buffer);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  u8(value: number): void {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xff, `not a u8: ${value}`);
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xffff, `not a u16: ${value}`);
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff, `not a u32: ${value}`);
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    assert(value >= 0n && value <= 0xffff_ffff_ffff_ffffn, `not a u64: ${value}`);
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
  }

  i64(value: bigint): void {
    assert(value >= -(2n ** 63n) && value < 2n ** 63n, `not an i64: ${value}`);
    const at = this.#room(8);
    this.#view.setBigInt64(at, value, true);
  }

  f64(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }

  /** Small numbers in few bytes: seven bits each, the lowest first. A safe integer of at least 0. */
  varint(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `not a count: ${value}`);
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }

  /** As they are, without their length. */
  raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** What was written, as memory of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  /** What was written, until the next call. */
  get writtenView(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  reset(): void {
    this.#size = 0;
  }

  /** Where the next `count` bytes go. Ask first, then name the memory: it may be another one now. */
  #room(count: number): number {
    const at = this.#size;
    this.#size += count;
    if (this.#size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#size));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
