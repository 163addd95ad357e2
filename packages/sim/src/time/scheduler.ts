/**
 * Virtual time: events happen one at a time, and between two of them every promise reaction runs to its end.
 *
 * This is deterministic because inside a world a promise settles only from an event. The order of reactions to one
 * event is fixed by the language; the order of events is fixed by due time and order of planning. What could break it
 * is code that waits for something real (a timer, a socket, the thread pool), and that is caught: such code wakes up
 * between turns of the event loop, where `inside` is false, and its next call through a seam fails.
 */
import { assert } from "@smallpond/base";
import { EventQueue, type SimEvent } from "./event-queue.ts";

export class Scheduler {
  readonly #queue: EventQueue = new EventQueue();
  #nowMs = 0;
  #order = 0;
  #eventCount = 0;

  /** Whether an event, or a promise reaction to it, is running. Kept by whoever pumps the scheduler. */
  inside = false;

  /** Milliseconds of true time since the world began; machines have clocks of their own. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Plans `run` for `delayMs` from now. */
  after(delayMs: number, run: () => void): SimEvent {
    assert(delayMs >= 0, `an event cannot be ${delayMs} ms ahead`);
    const event = { dueMs: this.#nowMs + delayMs, order: this.#order++, run, cancelled: false };
    this.#queue.push(event);
    return event;
  }

  /** Lets the next event happen; false if there is none. */
  step(): boolean {
    const event = this.#queue.pop();
    if (event === undefined) return false;
    this.#nowMs = event.dueMs;
    this.#eventCount += 1;
    event.run();
    return true;
  }
}
