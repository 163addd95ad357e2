/**
 * Numbers of what one replica passes on to another under one version of their chain (`protocol/forward.ts`), so that the
 * receiver does each message once and tells late copies from news. A message that is tried again is another message.
 */
import type { Link } from "../protocol/forward.ts";

/** The sender's side. */
export class LinkSender {
  readonly #open: Set<number> = new Set();
  #next = 1;

  /** Messages that were not answered, or given up, yet. */
  get open(): number {
    return this.#open.size;
  }

  begin(): number {
    const sequence = this.#next++;
    this.#open.add(sequence);
    return sequence;
  }

  /** It was answered, or will not be sent again: what comes of it later is refused. */
  end(sequence: number): void {
    this.#open.delete(sequence);
  }

  /** As it is sent at this moment. */
  link(sequence: number): Link {
    // The first in order of asking is the lowest.
    const lowest = this.#open.values().next();
    return { sequence, settledBelow: lowest.done === true ? this.#next : lowest.value };
  }
}

/** The receiver's side. What was done is remembered as long as the sender may ask for it again. */
export class LinkReceiver<T> {
  readonly #outcomes: Map<number, Promise<T>> = new Map();
  #floor = 1;

  /** Remembered. */
  get size(): number {
    return this.#outcomes.size;
  }

  isOld({ sequence }: Link): boolean {
    return sequence < this.#floor;
  }

  /** Call it with every message, before anything else. */
  hear({ settledBelow }: Link): void {
    if (settledBelow <= this.#floor) return;
    this.#floor = settledBelow;
    for (const sequence of this.#outcomes.keys())
      if (sequence < settledBelow) this.#outcomes.delete(sequence);
  }

  /**
   * Does it, unless a copy is being done or was done: then that one's outcome, whatever it was. Whoever is refused and tries
   * again does so with another number, so a copy of what was refused must not be done after that.
   */
  once({ sequence }: Link, work: () => Promise<T>): Promise<T> {
    const known = this.#outcomes.get(sequence);
    if (known !== undefined) return known;
    const running = work();
    this.#outcomes.set(sequence, running);
    return running;
  }
}
