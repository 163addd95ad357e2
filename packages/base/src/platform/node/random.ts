/** The machine's source of unpredictable bytes; fit for secrets and names that must never collide. */
import { randomFillSync, randomUUID } from "node:crypto";
import { getU32 } from "../../bytes.ts";
import { type Random, Random32 } from "../../random.ts";

export class NodeRandom extends Random32 {
  readonly #word = new Uint8Array(4);

  u32(): number {
    return getU32(randomFillSync(this.#word), 0);
  }

  override bytes(count: number): Uint8Array {
    return randomFillSync(new Uint8Array(count));
  }

  override uuid(): string {
    return randomUUID();
  }

  /** Nothing here repeats, so forks need no state of their own. */
  fork(_label: string): Random {
    return new NodeRandom();
  }
}
