/** Operations by the signal that may abort them: one listener each, however many operations share a deadline. */
import type { Operation } from "./operation.ts";

interface Watched {
  readonly operations: Set<Operation>;
  readonly onAbort: () => void;
}

export class SignalWatch {
  readonly #watched = new Map<AbortSignal, Watched>();
  readonly #abort: (operation: Operation) => void;

  constructor(abort: (operation: Operation) => void) {
    this.#abort = abort;
  }

  add(signal: AbortSignal, operation: Operation): void {
    const known = this.#watched.get(signal);
    if (known !== undefined) {
      known.operations.add(operation);
      return;
    }
    const operations = new Set([operation]);
    const onAbort = (): void => {
      for (const aborted of operations) this.#abort(aborted);
    };
    this.#watched.set(signal, { operations, onAbort });
    signal.addEventListener("abort", onAbort, { once: true });
  }

  delete(signal: AbortSignal, operation: Operation): void {
    const known = this.#watched.get(signal);
    if (known === undefined) return;
    known.operations.delete(operation);
    if (known.operations.size > 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener("abort", known.onAbort);
  }
}
