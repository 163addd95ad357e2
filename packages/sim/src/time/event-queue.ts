/** What is going to happen, soonest first. */

export interface SimEvent {
  readonly dueMs: number;
  /** Of events due at the same moment, the one planned first happens first. */
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** A binary heap. Cancelled events stay until they surface, and are then dropped unseen. */
export class EventQueue {
  readonly #heap: SimEvent[] = [];

  push(event: SimEvent): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  /** Takes out the next event that was not cancelled. */
  pop(): SimEvent | undefined {
    for (let event = this.#take(); event !== undefined; event = this.#take()) {
      if (!event.cancelled) return event;
    }
    return undefined;
  }

  #take(): SimEvent | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first;
  }

  /** Puts `event` where the root is, below whatever comes before it. */
  #sink(event: SimEvent): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, event)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = event;
  }
}

function before(a: SimEvent, b: SimEvent): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
