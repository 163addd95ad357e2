/** The machine's source of unpredictable bytes; fit for secrets and names that must never collide. */
import { randomFillSync, randomUUID } from "node:crypto";
import { getU32 } from "../../bytes.ts";
import { type Random, Random32 } from "../../random.ts";

/** Drawn at once: a call into the source takes microseconds, whatever it brings. */
const DRAWN_BYTES = 4096;

export class NodeRandom extends Random32 {
  readonly #drawn = new Uint8Array(DRAWN_BYTES);
  #used: number = DRAWN_BYTES;

  u32(): number {
    return getU32(this.#drawn, this.#take(4));
  }

  override bytes(count: number): Uint8Array {
    if (count > DRAWN_BYTES) return randomFillSync(new Uint8Array(count));
    const at = this.#take(count);
    const bytes = this.#drawn.slice(at, at + count);
    // They may be a secret, of which there is one copy.
    this.#drawn.fill(0, at, at + count);
    return bytes;
  }

  override uuid(): string {
    return randomUUID();
  }

  /** Nothing here repeats, so forks need no state of their own. */
  fork(_label: string): Random {
    return new NodeRandom();
  }

  /** Where the next bytes are that nobody had. */
  #take(count: number): number {
    if (this.#used + count > DRAWN_BYTES) {
      randomFillSync(this.#drawn);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += count;
    return at;
  }
}
