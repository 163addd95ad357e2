/** The capabilities of one question: each once, items name them by number. */
export class CapabilityTable {
  readonly #numbers: Map<Uint8Array, number> = new Map();

  numberOf(capability: Uint8Array): number {
    let number = this.#numbers.get(capability);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(capability, number);
    }
    return number;
  }

  get all(): readonly Uint8Array[] {
    return [...this.#numbers.keys()];
  }
}
