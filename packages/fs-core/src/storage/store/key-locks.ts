/** Turns on one chunk: who changes it waits for those who asked before. Readers take no turn. */

export interface Turn extends Disposable {
  release(): void;
}

export class KeyLocks {
  readonly #last: Map<string, Promise<void>> = new Map();

  get held(): number {
    return this.#last.size;
  }

  async take(key: string): Promise<Turn> {
    const before = this.#last.get(key);
    let leave = (): void => {};
    const mine = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#last.set(key, mine);
    await before;
    const release = (): void => {
      if (this.#last.get(key) === mine) this.#last.delete(key);
      leave();
    };
    return { release, [Symbol.dispose]: release };
  }
}
