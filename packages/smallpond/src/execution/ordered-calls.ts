/** Calls for a stream of inputs, results in the order of the inputs: one after another, or several under way. */
import type { Clock } from "@smallpond/base";

export interface CallWindow {
  readonly clock: Clock;
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Results that may wait behind a slow call before them. */
  readonly waitingMax: number;
  /** Aborted when the results are not wanted any more. */
  readonly signal: AbortSignal;
}

/** How long calls that never wait may keep the event loop from timers, signals and messages. */
const BUSY_MS_MAX = 50;
/** Calls between two looks at the clock, which costs a few percent of a cheap call. */
const CALLS_PER_LOOK = 8;

/** What `call` returns for each input, in batches. A promise among them makes the calls overlap from there on. */
export async function* orderedCalls<In>(
  inputs: AsyncIterable<readonly In[]>,
  call: (input: In, index: number) => unknown,
  window: CallWindow,
): AsyncGenerator<readonly unknown[], void> {
  let index = 0;
  const { clock, signal } = window;
  let freeMs = clock.monotonicMs();
  const overlapping = new Overlapping(window);
  for await (const batch of inputs) {
    signal.throwIfAborted();
    const results: unknown[] = [];
    for (let at = 0; at < batch.length; at++, index++) {
      if (index % CALLS_PER_LOOK === 0 && clock.monotonicMs() - freeMs > BUSY_MS_MAX) {
        await clock.sleep(0, { signal });
        freeMs = clock.monotonicMs();
      }
      if (!overlapping.started) {
        const result = call(batch[at]!, index);
        if (isThenable(result)) overlapping.add(result);
        else results.push(result);
      } else {
        await overlapping.room();
        overlapping.add(call(batch[at]!, index));
        overlapping.drain(results);
      }
    }
    if (results.length > 0) yield results;
  }
  while (overlapping.waiting > 0) {
    const results: unknown[] = [];
    await overlapping.head();
    overlapping.drain(results);
    if (results.length > 0) yield results;
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

interface Slot {
  done: boolean;
  value: unknown;
}

/** Calls under way, and the results behind the oldest of them. The first failure, in time, is thrown to whoever waits. */
class Overlapping {
  readonly #window: CallWindow;
  readonly #slots: Slot[] = [];
  readonly #limit: number;
  #running = 0;
  #first = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  started = false;

  constructor(window: CallWindow) {
    this.#window = window;
    this.#limit = Math.max(window.waitingMax, window.concurrency);
    window.signal.addEventListener("abort", () => this.#wakeUp(), { once: true });
  }

  get waiting(): number {
    return this.#slots.length - this.#first;
  }

  add(result: unknown): void {
    this.started = true;
    const slot: Slot = { done: false, value: undefined };
    this.#slots.push(slot);
    this.#running++;
    Promise.resolve(result).then(
      (value) => {
        slot.done = true;
        slot.value = value;
        this.#ended();
      },
      (error: unknown) => {
        this.#failure ??= { error };
        this.#ended();
      },
    );
  }

  /** Resolves when one more call may start. */
  async room(): Promise<void> {
    while (this.#running >= this.#window.concurrency || this.waiting >= this.#limit) {
      this.#check();
      if (this.waiting >= this.#limit && this.#slots[this.#first]!.done) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#check();
  }

  /** Resolves when the oldest call has ended. */
  async head(): Promise<void> {
    while (!this.#slots[this.#first]!.done) {
      this.#check();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#check();
  }

  /** Moves what is finished, up to the first that is not. */
  drain(into: unknown[]): void {
    while (this.waiting > 0 && this.#slots[this.#first]!.done) into.push(this.#slots[this.#first++]!.value);
    if (this.#first < this.#limit) return;
    this.#slots.splice(0, this.#first);
    this.#first = 0;
  }

  #ended(): void {
    this.#running--;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #check(): void {
    this.#window.signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
