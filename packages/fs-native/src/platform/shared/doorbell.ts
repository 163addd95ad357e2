/**
 * How the two ends of a queue in shared memory keep each other awake without a system call per entry. A word of the
 * memory says whether the consumer sleeps:
 *
 *     consumer                                   producer
 *     looks, in turns of the loop, for a while   puts an entry
 *     sets the word                              sees the word set? clears it and signals the event
 *     looks once more
 *     sleeps on the event
 *
 * Both put first and look second, and `Atomics` keep that order on every processor: either the producer sees the word,
 * or the consumer the entry. A signal that comes when nobody sleeps any more wakes the next sleeper once for nothing.
 */
import type { SignalOptions } from "@smallpond/base";
import type { ProcessEvent } from "./event.ts";

/** A word of shared memory; 0 when it is made. */
export interface SharedWord {
  readonly words: Int32Array;
  readonly index: number;
}

export interface DoorbellSettings {
  /** How long the consumer looks, with other work of the loop between, before it sleeps. Microseconds. */
  readonly pollMicroseconds: number;
}

export const DEFAULT_DOORBELL_SETTINGS: DoorbellSettings = { pollMicroseconds: 50 };

/**
 * Looking in vain takes the processor from the one who is waited for, where there are few of them: the next waits then
 * sleep at once.
 */
const SLEEPS_AFTER_VAIN = 15;

const AWAKE = 0;
const ASLEEP = 1;

/** The producer's end. */
export class BellPush {
  readonly #word: SharedWord;
  readonly #event: ProcessEvent;

  constructor(word: SharedWord, event: ProcessEvent) {
    this.#word = word;
    this.#event = event;
  }

  /** Call after an entry was put, by `Atomics`: wakes the consumer if it sleeps. */
  ring(): void {
    const { words, index } = this.#word;
    if (Atomics.load(words, index) !== ASLEEP) return;
    // Of several producers one signals.
    if (Atomics.compareExchange(words, index, ASLEEP, AWAKE) === ASLEEP) this.#event.signal();
  }
}

/** The consumer's end. */
export class Doorbell {
  readonly #word: SharedWord;
  readonly #event: ProcessEvent;
  readonly #settings: DoorbellSettings;
  #sleepsLeft = 0;

  constructor(word: SharedWord, event: ProcessEvent, settings: Partial<DoorbellSettings> = {}) {
    this.#word = word;
    this.#event = event;
    this.#settings = { ...DEFAULT_DOORBELL_SETTINGS, ...settings };
  }

  /**
   * Resolves as soon as `isThere` returns true, which must look by `Atomics`. A producer that died rings no more: learn
   * of that otherwise, and abort.
   */
  async wait(isThere: () => boolean, options: SignalOptions = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    while (!isThere()) {
      if (this.#sleepsLeft > 0) this.#sleepsLeft--;
      else if (await this.#poll(isThere, signal)) return;
      else this.#sleepsLeft = SLEEPS_AFTER_VAIN;
      await this.#sleep(isThere, options);
    }
  }

  #poll(isThere: () => boolean, signal: AbortSignal | undefined): Promise<boolean> {
    const until = performance.now() + this.#settings.pollMicroseconds / 1_000;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (signal?.aborted) reject(signal.reason as Error);
        else if (isThere()) resolve(true);
        else if (performance.now() >= until) resolve(false);
        else setImmediate(look);
      };
      look();
    });
  }

  async #sleep(isThere: () => boolean, options: SignalOptions): Promise<void> {
    const { words, index } = this.#word;
    Atomics.store(words, index, ASLEEP);
    try {
      if (!isThere()) await this.#event.wait(options);
    } finally {
      Atomics.store(words, index, AWAKE);
    }
  }
}
