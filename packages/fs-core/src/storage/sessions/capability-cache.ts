/**
 * Capabilities that were found to be genuine, by their bytes. A capability is shown with each of thousands of requests, and
 * checking its signature takes longer than finding a page in memory.
 *
 * Two generations: when the younger one is full it becomes the older one, which goes. So what is used stays, and nothing is
 * sorted.
 */
import type { Capability } from "../../service/capability.ts";

export class CapabilityCache {
  readonly #generationMax: number;
  #young: Map<string, Capability> = new Map();
  #old: Map<string, Capability> = new Map();

  /** Remembers between half of `entriesMax` and all of it. */
  constructor(settings: { readonly entriesMax: number }) {
    this.#generationMax = Math.max(1, Math.floor(settings.entriesMax / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** From memory, or made and kept; what `open` throws is not. The bytes are borrowed. */
  get(bytes: Uint8Array, open: (bytes: Uint8Array) => Capability): Capability {
    const text = textOf(bytes);
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    const capability = old ?? open(bytes);
    if (old !== undefined) this.#old.delete(text);
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, capability);
    return capability;
  }
}

/** One character a byte. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
}
