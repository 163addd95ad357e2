/** The capabilities of one question, each once: items name them by number. */
import type { CapabilitySource } from "./chunk-io.ts";

export class CapabilityList {
  readonly list: Uint8Array[] = [];
  readonly #numbers: Map<CapabilitySource, number> = new Map();

  numberOf(source: CapabilitySource): number {
    let number = this.#numbers.get(source);
    if (number === undefined) {
      number = this.list.length;
      this.#numbers.set(source, number);
      this.list.push(source.current);
    }
    return number;
  }
}
