/** Many who do not mind each other, or one alone: writes, and what changes the file below them. */

export class Gate {
  #alone: Promise<unknown> | undefined;
  readonly #running: Set<Promise<unknown>> = new Set();

  /** Together with others of its kind; after whoever came before and is alone. */
  async together<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== undefined) await this.#alone;
    return this.#track(work());
  }

  /** After all who came before, and before all who come after. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const before = [...this.#running, ...(this.#alone === undefined ? [] : [this.#alone])];
    const turn = (async () => {
      for (const each of before) await each;
      return work();
    })();
    const over = turn.then(
      () => {},
      () => {},
    );
    this.#alone = over;
    void over.then(() => {
      if (this.#alone === over) this.#alone = undefined;
    });
    return turn;
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const over: Promise<void> = work
      .then(
        () => {},
        () => {},
      )
      .finally(() => void this.#running.delete(over));
    this.#running.add(over);
    return work;
  }
}
