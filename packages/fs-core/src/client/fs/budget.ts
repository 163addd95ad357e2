/** So many bytes and no more, given out in order of asking. */
import { assert, type SignalOptions } from "@smallpond/base";

interface Waiter {
  readonly bytes: number;
  readonly wake: () => void;
}

export class ByteBudget {
  readonly bytesMax: number;
  readonly #waiters: Waiter[] = [];
  #taken = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get taken(): number {
    return this.#taken;
  }

  tryTake(bytes: number): boolean {
    if (this.#waiters.length > 0 || !this.#fits(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  /** Waits for its turn. More than there is at all is given when nothing else is taken. */
  async take(bytes: number, { signal }: SignalOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (this.tryTake(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal?.reason as Error);
        this.#serve();
      };
      const waiter = {
        bytes,
        wake: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  give(bytes: number): void {
    this.#taken -= bytes;
    assert(this.#taken >= 0, "no more is given back than was taken");
    this.#serve();
  }

  #fits(bytes: number): boolean {
    return this.#taken + bytes <= this.bytesMax || this.#taken === 0;
  }

  #serve(): void {
    while (this.#waiters.length > 0 && this.#fits(this.#waiters[0]!.bytes)) {
      const { bytes, wake } = this.#waiters.shift()!;
      this.#taken += bytes;
      wake();
    }
  }
}
