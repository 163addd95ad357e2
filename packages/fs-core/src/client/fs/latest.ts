/** Asks once for many who want to know at the same time. */

export class Latest<T> {
  readonly #ask: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** What was asked after this call began: not the question that is under way, but the one after it. */
  since(): Promise<T> {
    if (this.#running === undefined) return this.#begin();
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  /** What is under way will do. */
  soon(): Promise<T> {
    return this.#running ?? this.#begin();
  }

  #begin(): Promise<T> {
    this.#next = undefined;
    const asked = this.#ask().finally(() => {
      if (this.#running === asked) this.#running = undefined;
    });
    this.#running = asked;
    return asked;
  }
}
