/**
 * Changes of the cluster, one after another: decided on what is stored, made durable, then known. Memory is never ahead of
 * the store, and what the store took without our hearing of it is written again, which changes nothing, before anything
 * else is decided.
 */
import { type Clock, InvariantError, isPondError, News, Turns } from "@smallpond/base";
import type { Logger } from "../../service/log.ts";
import type { Counter } from "../../service/metrics.ts";
import type { Term } from "../election/election.ts";
import { mgmtdError } from "../model/errors.ts";
import type { ClusterChange, ClusterState } from "./cluster-state.ts";
import type { MgmtdStore } from "./store.ts";

/** What was decided: what changes, if anything does, and what the asker is told. */
export interface Decision<T> {
  readonly change?: ClusterChange | undefined;
  readonly result: T;
}

/** Between tries of a commit that failed. */
const PAUSE_MS = 200;

export interface LedgerDeps {
  readonly store: MgmtdStore;
  readonly state: ClusterState;
  readonly term: Term;
  readonly clock: Clock;
  readonly log: Logger;
  readonly commits: Counter;
}

export class Ledger {
  readonly #deps: LedgerDeps;
  readonly #turns: Turns = new Turns();
  /** Told after each change. */
  readonly news: News = new News();

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
  }

  /** What is stored and known. */
  get state(): ClusterState {
    return this.#deps.state;
  }

  /**
   * Decides on the present state, in the order of asking, and resolves once the decision is durable. What `decide` throws
   * is thrown and nothing changes. Rejects with `NOT_PRIMARY` when the term ends on the way: it may have been written.
   */
  change<T>(decide: (state: ClusterState) => Decision<T>): Promise<T> {
    return this.#turns.take(async () => {
      this.#requireTerm();
      const { change, result } = decide(this.#deps.state);
      if (change !== undefined && !isEmpty(change)) await this.#commit(change);
      return result;
    });
  }

  async #commit(change: ClusterChange): Promise<void> {
    const { store, state, term, clock, log, commits } = this.#deps;
    const from = state.version;
    for (;;) {
      try {
        await store.commit(term.number, change, from, { signal: term.signal });
        break;
      } catch (error) {
        this.#requireTerm();
        if (error instanceof InvariantError) throw error;
        if (isPondError(error) && (error.kind === "invalid" || error.kind === "corrupt")) throw error;
        log.warn("change not stored yet", { error: String(error) });
        await clock.sleep(PAUSE_MS, { signal: term.signal }).catch(() => {});
        this.#requireTerm();
      }
    }
    commits.add();
    state.apply(change, from + 1n);
    this.news.tell();
  }

  #requireTerm(): void {
    if (!this.#deps.term.holds()) throw notPrimary();
  }
}

export function notPrimary(): Error {
  return mgmtdError("NOT_PRIMARY", "this cluster manager is not the primary", {
    hint: "ask who is primary now",
  });
}

export function isEmpty({ nodes = [], targets = [], chains = [], tables = [] }: ClusterChange): boolean {
  return nodes.length + targets.length + chains.length + tables.length === 0;
}
