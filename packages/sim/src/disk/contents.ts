/** The bytes of a file, growing as needed; what is beyond the end reads as zeros when the end moves. */
export class Contents {
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** A view, valid until the next change. */
  view(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(from, Math.min(to, this.#size));
  }

  write(bytes: Uint8Array, position: number): void {
    if (position + bytes.length > this.#size) this.resize(position + bytes.length);
    this.#bytes.set(bytes, position);
  }

  resize(size: number): void {
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    // Bytes behind the end must be zeros, or extending the file would bring back what was cut off.
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }

  /** Turns one bit over, if the file reaches that far. */
  flip(position: number, bit: number): void {
    if (position < this.#size) this.#bytes[position] = this.#bytes[position]! ^ (1 << bit);
  }

  copy(): Contents {
    const copy = new Contents();
    copy.write(this.view(0, this.#size), 0);
    return copy;
  }
}
