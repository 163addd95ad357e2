/** Who looks at a block. A block that somebody looks at is neither given to another chunk nor written to. */

export interface Pin {
  release(): void;
}

interface HeldPin extends Pin {
  /** Called when it is released, of those who wait for that. */
  readonly waiters: (() => void)[];
}

export class Pins {
  readonly #byBlock: Map<number, Set<HeldPin>> = new Map();
  readonly #freed: (block: number) => void;

  /** Tells of each block that nobody looks at any more. */
  constructor(deps: { readonly freed: (block: number) => void }) {
    this.#freed = deps.freed;
  }

  get count(): number {
    let count = 0;
    for (const pins of this.#byBlock.values()) count += pins.size;
    return count;
  }

  has(block: number): boolean {
    return this.#byBlock.has(block);
  }

  take(block: number): Pin {
    const release = (): void => {
      const pins = this.#byBlock.get(block);
      if (!pins?.delete(pin)) return;
      for (const wake of pin.waiters) wake();
      if (pins.size > 0) return;
      this.#byBlock.delete(block);
      this.#freed(block);
    };
    const pin: HeldPin = { waiters: [], release };
    const pins = this.#byBlock.get(block) ?? new Set();
    this.#byBlock.set(block, pins.add(pin));
    return pin;
  }

  /** When those who look at the block now have left; whoever comes later is not waited for. */
  async drained(block: number): Promise<void> {
    const pins = this.#byBlock.get(block);
    if (pins !== undefined) {
      await Promise.all(
        [...pins].map(({ waiters }) => new Promise<void>((resolve) => waiters.push(resolve))),
      );
    }
  }
}
