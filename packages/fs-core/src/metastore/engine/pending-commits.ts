/** Commits that wait for the next batch, first come first served. */
import type { SignalOptions } from "@smallpond/base";
import type { CommitOutcome } from "../transaction.ts";
import type { CommitRequest } from "./backend.ts";

/** A commit whose caller waits. It is settled once; later settlings are ignored. */
export class PendingCommit {
  readonly request: CommitRequest;
  readonly outcome: Promise<CommitOutcome>;
  /** Stops listening for an abort. */
  #release: (() => void) | undefined;
  #resolve: (outcome: CommitOutcome) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #settled = false;

  constructor(request: CommitRequest, { signal }: SignalOptions) {
    this.request = request;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (signal === undefined) return;
    const onAbort = (): void => this.fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#release = () => signal.removeEventListener("abort", onAbort);
  }

  /** The caller gave up, or has been answered. */
  get isSettled(): boolean {
    return this.#settled;
  }

  settle(outcome: CommitOutcome): void {
    if (this.#end()) this.#resolve(outcome);
  }

  fail(error: unknown): void {
    if (this.#end()) this.#reject(error);
  }

  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#release?.();
    return true;
  }
}

export class PendingCommits {
  readonly #max: number;
  #waiting: PendingCommit[] = [];

  constructor(settings: { readonly max: number }) {
    this.#max = settings.max;
  }

  get count(): number {
    return this.#waiting.length;
  }

  get isFull(): boolean {
    return this.#waiting.length >= this.#max;
  }

  push(commit: PendingCommit): void {
    this.#waiting.push(commit);
  }

  /** The next ones, up to a number and until their bytes reach a limit. */
  take(limits: { readonly countMax: number; readonly bytesMax: number }): readonly PendingCommit[] {
    let count = 0;
    for (
      let bytes = 0;
      count < this.#waiting.length && count < limits.countMax && bytes < limits.bytesMax;
    ) {
      bytes += this.#waiting[count]!.request.bytes;
      count += 1;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return taken;
  }
}
