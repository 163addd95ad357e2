/** Cleanup in reverse order. Node 20 lacks `AsyncDisposableStack`; this is the part of it that is used. */
import { PondError } from "./errors.ts";

/**
 * Collects what has to be released and releases it last-in first-out. Every release runs even if another throws: one
 * failure is rethrown as it is, several as one `AggregateError`. Idempotent.
 */
export class DisposalStack implements AsyncDisposable {
  #releases: (() => unknown)[] | undefined = [];
  #disposal: Promise<void> | undefined;

  /** Takes over a resource and returns it. `null` and `undefined` pass through. */
  use<T extends AsyncDisposable | Disposable | null | undefined>(resource: T): T {
    if (resource === null || resource === undefined) return resource;
    if (Symbol.asyncDispose in resource) this.defer(() => resource[Symbol.asyncDispose]());
    else this.defer(() => resource[Symbol.dispose]());
    return resource;
  }

  /** Runs `release` when the stack is disposed of, awaiting what it returns. */
  defer(release: () => unknown): void {
    if (this.#releases === undefined) {
      throw new PondError("DISPOSED", {
        kind: "closed",
        message: "the disposal stack was already disposed of",
      });
    }
    this.#releases.push(release);
  }

  /** Hands everything over to a new stack, leaving this one empty: for constructors that succeeded. */
  move(): DisposalStack {
    const moved = new DisposalStack();
    moved.#releases = this.#releases ?? [];
    this.#releases = [];
    return moved;
  }

  close(): Promise<void> {
    this.#disposal ??= this.#run();
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const releases = this.#releases ?? [];
    this.#releases = undefined;
    const errors: unknown[] = [];
    for (const release of releases.reverse()) {
      try {
        await release();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} releases failed`);
  }
}
