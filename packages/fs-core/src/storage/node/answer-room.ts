/**
 * Memory for the bytes of answers to reads: all that a question needs, or it waits. If items of several questions took what
 * they need one by one, each could hold a part while all wait for the rest.
 */
import { assert } from "@smallpond/base";
import { PAGE_BYTES } from "../model/pages.ts";

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

export class AnswerRoom {
  /** For one question, and for all that are under way. */
  readonly bytesMax: number;
  readonly #waiting: Waiting[] = [];
  #taken = 0;

  constructor(settings: { readonly bytesMax: number }) {
    assert(settings.bytesMax > 0, "there is room for an answer");
    this.bytesMax = settings.bytesMax;
  }

  get takenBytes(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** In order of asking. The signal is asked for only by who waits. Returns how to give it back, once. */
  async take(bytes: number, signalOf: () => AbortSignal): Promise<() => void> {
    assert(bytes <= this.bytesMax, "a question that is too large is refused");
    if (this.#waiting.length > 0 || !this.#fits(bytes)) await this.#wait(bytes, signalOf());
    else this.#taken += bytes;
    return () => {
      this.#taken -= bytes;
      this.#next();
    };
  }

  #wait(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const begin = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const waiting = { bytes, begin };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
        this.#next();
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #fits(bytes: number): boolean {
    return this.#taken + bytes <= this.bytesMax;
  }

  #next(): void {
    for (
      let [first] = this.#waiting;
      first !== undefined && this.#fits(first.bytes);
      [first] = this.#waiting
    ) {
      this.#waiting.shift();
      this.#taken += first.bytes;
      first.begin();
    }
  }
}

/** What a pool gives for a read: whole pages, and a power of two of them. */
export function memoryOf(range: { readonly offset: number; readonly length: number }): number {
  const bytes = pageBytesOf(range);
  return bytes === 0 ? 0 : PAGE_BYTES * 2 ** Math.ceil(Math.log2(bytes / PAGE_BYTES));
}

/** Of the pages that have bytes of the range. */
export function pageBytesOf({
  offset,
  length,
}: {
  readonly offset: number;
  readonly length: number;
}): number {
  if (length === 0) return 0;
  return PAGE_BYTES * (Math.ceil((offset + length) / PAGE_BYTES) - Math.floor(offset / PAGE_BYTES));
}
