/**
 * What a service does for clients that wait for locks: it holds their answer back until it is worth asking again, for a
 * short while. It remembers nothing; who waits stands in the table of the file.
 */
import type { Clock, SignalOptions } from "@smallpond/base";
import type { Metastore } from "../../metastore/transaction.ts";
import type { Gauge, Metrics } from "../../service/metrics.ts";
import { loadLocks } from "../locks/lock-rows.ts";
import { requestLock } from "../locks/request-lock.ts";
import type { SetLockQuestion } from "../locks/set-lock.ts";

export interface LockPatienceSettings {
  /** An answer is held back for at most this long. */
  readonly waitMs: number;
  /** How often the table is looked at. */
  readonly lookEveryMs: number;
  /** Answers held back at once; others are told to ask again at once. */
  readonly waitingMax: number;
  readonly waiterStaleMs: number;
}

export const DEFAULT_LOCK_SETTINGS: LockPatienceSettings = {
  waitMs: 2000,
  lookEveryMs: 100,
  waitingMax: 1000,
  waiterStaleMs: 30_000,
};

export class LockPatience {
  readonly #metastore: Metastore;
  readonly #clock: Clock;
  readonly #settings: LockPatienceSettings;
  readonly #waiting: Gauge;

  constructor(
    deps: { readonly metastore: Metastore; readonly clock: Clock; readonly metrics: Metrics },
    settings: LockPatienceSettings,
  ) {
    this.#metastore = deps.metastore;
    this.#clock = deps.clock;
    this.#settings = settings;
    this.#waiting = deps.metrics.gauge("pond_meta_lock_waits", "Answers about locks that are held back.");
  }

  /** Resolves when the lock seems to be free, or the patience is over. */
  async wait(question: SetLockQuestion, { signal }: SignalOptions = {}): Promise<void> {
    const { waitMs, lookEveryMs, waitingMax } = this.#settings;
    const untilMs = this.#clock.monotonicMs() + waitMs;
    if (this.#waiting.value >= waitingMax) return this.#clock.sleep(lookEveryMs, { signal });
    this.#waiting.add(1);
    try {
      while (this.#clock.monotonicMs() < untilMs) {
        await this.#clock.sleep(lookEveryMs, { signal });
        if (await this.#seemsFree(question, signal)) return;
      }
    } finally {
      this.#waiting.add(-1);
    }
  }

  #seemsFree(question: SetLockQuestion, signal: AbortSignal | undefined): Promise<boolean> {
    const { waiterStaleMs } = this.#settings;
    const times = { nowMs: this.#clock.wallMs(), waiterStaleMs };
    return this.#metastore.transact(
      async (transaction) => {
        const table = await loadLocks(transaction, question.inode);
        // Also when its place in the queue is lost: asking again gives it another.
        const queued = table.waiting.some(({ ticket }) => ticket === question.ticket);
        return !queued || requestLock(table, question, times).kind === "granted";
      },
      { signal },
    );
  }
}
