/** So many at once; others wait in order of asking. */
import type { SignalOptions } from "@smallpond/base";
import { storeBusy } from "../model/errors.ts";

export interface PermitsSettings {
  readonly max: number;
  /** Those that wait; a further one is `STORE_BUSY`. */
  readonly waitersMax: number;
}

export class Permits {
  readonly #settings: PermitsSettings;
  readonly #waiters: (() => void)[] = [];
  #held = 0;

  constructor(settings: PermitsSettings) {
    this.#settings = settings;
  }

  get held(): number {
    return this.#held;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  async run<T>(work: () => Promise<T>, options: SignalOptions = {}): Promise<T> {
    await this.#take(options);
    try {
      return await work();
    } finally {
      this.#giveBack();
    }
  }

  async #take({ signal }: SignalOptions): Promise<void> {
    signal?.throwIfAborted();
    if (this.#held < this.#settings.max) {
      this.#held += 1;
      return;
    }
    const { waitersMax } = this.#settings;
    if (this.#waiters.length >= waitersMax) throw storeBusy(`${waitersMax} wait already`);
    await new Promise<void>((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(begin), 1);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#waiters.push(begin);
    });
  }

  /** The permit goes to who waits longest. */
  #giveBack(): void {
    const next = this.#waiters.shift();
    if (next === undefined) this.#held -= 1;
    else next();
  }
}
