/**
 * Items of a batch are asked for in groups, one message each; what a group leaves open goes on as a batch of its own, so that
 * no group waits for a slow one. It ends when every item has a result or the patience is over.
 */
import type { Clock, PondError, Random, Result } from "@smallpond/base";
import { isPondError } from "@smallpond/base";
import { pauseOrNews } from "./abortable.ts";
import type { RoutingView } from "./deps.ts";

/** One item on its way. */
export interface Attempt<T> {
  result: Result<T, PondError> | undefined;
  /** What was in the way last, for people. */
  reason: string;
  /** The next try comes after a pause or news of the routing, not at once. */
  isLater: boolean;
  pauses: number;
}

export interface Patience {
  /** Aborts when the time is over, or the caller gives up. */
  readonly signal: AbortSignal;
  /** By the monotonic clock. */
  readonly untilMs: number;
}

export interface TryRule<A> {
  /** Items that nobody can be asked for now are in no group, and are later or have a result. */
  plan(
    attempts: readonly A[],
  ): readonly { readonly attempts: readonly A[]; ask(patience: Patience): Promise<void> }[];
  /** Before items are tried again after a pause. */
  afterPause?(attempt: A): void;
}

export interface TryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly routing: RoutingView;
}

export interface TrySettings {
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
}

export class Tries<A extends Attempt<unknown>> {
  readonly #deps: TryDeps;
  readonly #settings: TrySettings;
  readonly #rule: TryRule<A>;

  constructor(deps: TryDeps & { readonly rule: TryRule<A> }, settings: TrySettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#rule = deps.rule;
  }

  /** Items without a result when it has resolved were not done in time. Nothing goes on then. */
  async run(attempts: readonly A[], patience: Patience): Promise<void> {
    const open = attempts.filter(({ result }) => result === undefined);
    if (open.length === 0 || patience.signal.aborted) return;
    const groups = this.#rule.plan(open);
    const placed = new Set(groups.flatMap((group) => group.attempts));
    const unplaced = open.filter((attempt) => !placed.has(attempt) && attempt.result === undefined);
    await allEnded([
      ...groups.map(async (group) => {
        await group.ask(patience);
        await this.#goOn(group.attempts, patience);
      }),
      this.#later(unplaced, patience),
    ]);
  }

  async #goOn(attempts: readonly A[], patience: Patience): Promise<void> {
    const open = attempts.filter(({ result }) => result === undefined);
    if (open.length === 0) return;
    const now = open.filter(({ isLater }) => !isLater);
    const later = open.filter(({ isLater }) => isLater);
    await allEnded([this.run(now, patience), this.#later(later, patience)]);
  }

  async #later(attempts: readonly A[], patience: Patience): Promise<void> {
    if (attempts.length === 0) return;
    let pauses = 0;
    for (const attempt of attempts) {
      attempt.pauses += 1;
      pauses = Math.max(pauses, attempt.pauses);
    }
    await pauseOrNews(this.#deps, this.#pauseMs(pauses), patience.signal);
    for (const attempt of attempts) {
      attempt.isLater = false;
      this.#rule.afterPause?.(attempt);
    }
    await this.run(attempts, patience);
  }

  #pauseMs(pauses: number): number {
    const { pauseMsMin, pauseMsMax } = this.#settings;
    const fullMs = Math.min(pauseMsMax, pauseMsMin * 2 ** Math.min(pauses - 1, 30));
    return fullMs * (1 - this.#deps.random.next() / 2);
  }
}

/** Rejects with the first failure, but only once all have ended. */
export async function allEnded(works: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(works)) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}

/** Errors of a call that no other replica and no later try helps against. */
export function isFinal(error: unknown): boolean {
  return (
    isPondError(error, "ACCESS_DENIED") ||
    isPondError(error, "TOKEN_INVALID") ||
    isPondError(error, "TOKEN_EXPIRED") ||
    isPondError(error, "CLIENT_CLOSED")
  );
}
