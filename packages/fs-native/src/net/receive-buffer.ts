/** Bytes between their arrival and their use: filled at the end, consumed from the start. Made when first used. */
import { assert } from "@smallpond/base";

const NOTHING = new Uint8Array(0);

export class ReceiveBuffer {
  readonly capacity: number;
  #bytes = NOTHING;
  #start = 0;
  #end = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  get hasRoom(): boolean {
    return this.length < this.capacity;
  }

  /** Whether anybody has asked for bytes to be kept here. */
  get isUsed(): boolean {
    return this.#bytes !== NOTHING;
  }

  get view(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Free space behind the bytes; `added` says how much of it was used. */
  room(): Uint8Array {
    if (!this.isUsed) this.#bytes = new Uint8Array(this.capacity);
    if (this.#start > 0) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#bytes.subarray(this.#end);
  }

  added(bytes: number): void {
    this.#end += bytes;
  }

  consume(bytes: number): void {
    assert(bytes >= 0 && bytes <= this.length, "only what was received is consumed");
    this.#start += bytes;
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
  }

  /** Moves as much as fits into `target`; returns how much. */
  moveTo(target: Uint8Array): number {
    const count = Math.min(target.length, this.length);
    if (count > 0) target.set(this.#bytes.subarray(this.#start, this.#start + count));
    this.consume(count);
    return count;
  }
}
