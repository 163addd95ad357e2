/** Forgets what is only kept for a while: answers of requests that nobody sends again, and names of clients given up. */
import type { Clock, SignalOptions } from "@smallpond/base";
import { afterKey, key, prefixRange } from "../../metastore/keys.ts";
import type { KeyRange } from "../../metastore/ordered-store.ts";
import type { Metastore } from "../../metastore/transaction.ts";
import { decode } from "../../wire/codec/index.ts";
import { requestKey, requestSlot } from "../rows/keys.ts";
import { revokedClientRow } from "../sessions/revoked-clients.ts";

/** Rows in one transaction. */
const STEP = 1000;
/** Slots that a request may still be looked for in, by the slowest clock. */
const SLOTS_KEPT = 3;

export interface SweeperDeps {
  readonly metastore: Metastore;
  readonly clock: Pick<Clock, "wallMs">;
}

export class Sweeper {
  readonly #deps: SweeperDeps;
  readonly #revokedClientKeptMs: number;

  constructor(deps: SweeperDeps, settings: { readonly revokedClientKeptMs: number }) {
    this.#deps = deps;
    this.#revokedClientKeptMs = settings.revokedClientKeptMs;
  }

  /** How many answers were forgotten. */
  async sweepRequests(options: SignalOptions = {}): Promise<number> {
    const oldest = requestSlot(this.#deps.clock.wallMs()) - SLOTS_KEPT;
    if (oldest <= 0) return 0;
    const range = { begin: requestKey(0), end: requestKey(oldest) };
    let count = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const some = await this.#clearSome(range, options);
      count += some;
      if (some < STEP) return count;
    }
  }

  /** How many clients were forgotten. */
  async sweepClients(options: SignalOptions = {}): Promise<number> {
    const beforeMs = this.#deps.clock.wallMs() - this.#revokedClientKeptMs;
    let { begin, end } = prefixRange(key("CREV"));
    let count = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const page = await this.#deps.metastore.transact(
        async (transaction) => {
          const found = await transaction.range({ begin, end }, { limit: STEP, snapshot: true });
          const old = found.entries.filter(({ value }) => decode(revokedClientRow, value) < beforeMs);
          for (const row of old) transaction.clear(row.key);
          return { last: found.entries.at(-1)?.key, more: found.more, old: old.length };
        },
        { repeatable: true, ...options },
      );
      count += page.old;
      if (!page.more || page.last === undefined) return count;
      begin = afterKey(page.last);
    }
  }

  #clearSome({ begin, end }: KeyRange, options: SignalOptions): Promise<number> {
    return this.#deps.metastore.transact(
      async (transaction) => {
        const { entries } = await transaction.range({ begin, end }, { limit: STEP, snapshot: true });
        const last = entries.at(-1);
        if (last !== undefined) transaction.clearRange({ begin, end: afterKey(last.key) });
        return entries.length;
      },
      { repeatable: true, ...options },
    );
  }
}
