/** Turns by name: who asks waits for those who asked before, and may give up waiting. */
import type { SignalOptions } from "@smallpond/base";
import { storeBusy } from "../model/errors.ts";

export interface Turn extends Disposable {
  /** Once or more; only the first counts. */
  release(): void;
}

export interface TurnsSettings {
  /** Waiting for one name; a further one is `STORE_BUSY`. */
  readonly waitersMax: number;
}

export class NamedTurns {
  readonly #settings: TurnsSettings;
  /** Names whose turn somebody has, with those who wait for it, in order. */
  readonly #waiting: Map<string, (() => void)[]> = new Map();

  constructor(settings: TurnsSettings) {
    this.#settings = settings;
  }

  /** Names whose turn somebody has. */
  get held(): number {
    return this.#waiting.size;
  }

  isHeld(name: string): boolean {
    return this.#waiting.has(name);
  }

  async take(name: string, options: SignalOptions = {}): Promise<Turn> {
    options.signal?.throwIfAborted();
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) this.#waiting.set(name, []);
    else {
      const { waitersMax } = this.#settings;
      if (waiting.length >= waitersMax) throw storeBusy(`${waitersMax} wait for their turn on ${name}`);
      await this.#wait(waiting, options);
    }
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#next(name);
      isHeld = false;
    };
    return { release, [Symbol.dispose]: release };
  }

  #wait(waiting: (() => void)[], { signal }: SignalOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        waiting.splice(waiting.indexOf(begin), 1);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      waiting.push(begin);
    });
  }

  #next(name: string): void {
    const begin = this.#waiting.get(name)?.shift();
    if (begin === undefined) this.#waiting.delete(name);
    else begin();
  }
}
