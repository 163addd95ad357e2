/** A queue of numbers in shared memory, from one producer to one consumer, each with its end of the doorbell. */
import { BellPush, Doorbell, type DoorbellSettings, type ProcessEvent } from "@smallpond/fs-native";

const SLOTS = 64;
/** Words of one ring: how many were put, how many were taken, who sleeps, and the slots. */
export const RING_BYTES: number = (4 + SLOTS) * 4;

export interface RingPlace {
  readonly buffer: ArrayBuffer;
  readonly offset: number;
  /** Wakes the consumer, and the producer who waits for room. */
  readonly filled: ProcessEvent;
  readonly emptied: ProcessEvent;
}

/** Words 2 and 3 say whether consumer and producer sleep. */
export class Ring {
  readonly #words: Int32Array;
  readonly #waitFilled: Doorbell;
  readonly #waitEmptied: Doorbell;
  readonly #pushFilled: BellPush;
  readonly #pushEmptied: BellPush;

  constructor({ buffer, offset, filled, emptied }: RingPlace, settings: Partial<DoorbellSettings>) {
    const words = new Int32Array(buffer, offset, RING_BYTES / 4);
    this.#words = words;
    this.#waitFilled = new Doorbell({ words, index: 2 }, filled, settings);
    this.#pushFilled = new BellPush({ words, index: 2 }, filled);
    this.#waitEmptied = new Doorbell({ words, index: 3 }, emptied, settings);
    this.#pushEmptied = new BellPush({ words, index: 3 }, emptied);
  }

  async put(value: number): Promise<void> {
    const words = this.#words;
    const put = Atomics.load(words, 0);
    const hasRoom = (): boolean => put - Atomics.load(words, 1) < SLOTS;
    if (!hasRoom()) await this.#waitEmptied.wait(hasRoom);
    words[4 + (put % SLOTS)] = value;
    Atomics.store(words, 0, put + 1);
    this.#pushFilled.ring();
  }

  async take(options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const words = this.#words;
    const taken = Atomics.load(words, 1);
    const isThere = (): boolean => Atomics.load(words, 0) !== taken;
    if (!isThere()) await this.#waitFilled.wait(isThere, options);
    const value = words[4 + (taken % SLOTS)]!;
    Atomics.store(words, 1, taken + 1);
    this.#pushEmptied.ring();
    return value;
  }
}
