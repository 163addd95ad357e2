/** Forgets what is only kept for a while: answers of requests that nobody sends again, and names of clients given up. */
import { type Clock, type SignalOptions, toHex } from "@smallpond/base";
import { afterKey, key, prefixRange } from "../../metastore/keys.ts";
import type { KeyRange } from "../../metastore/ordered-store.ts";
import type { Metastore } from "../../metastore/transaction.ts";
import { decode, encode } from "../../wire/codec/index.ts";
import { counterRow } from "../rows/inode-row.ts";
import { requestKey, requestSlotKey } from "../rows/keys.ts";

/** Rows in one transaction. */
const STEP = 1000;
/** Clients given up that are remembered with their time; others are looked at again when some of these are forgotten. */
const BARRED_MAX = 100_000;

export interface SweeperDeps {
  readonly metastore: Metastore;
  readonly clock: Pick<Clock, "monotonicMs">;
}

export interface SweeperSettings {
  /** How long requests are remembered together, so at least how long each is. */
  readonly requestSlotMs: number;
  readonly revokedClientKeptMs: number;
}

export class Sweeper {
  readonly #deps: SweeperDeps;
  readonly #settings: SweeperSettings;
  /** The slot as this service saw it, and since when at least, by its own monotonic clock. */
  #seen: { readonly slot: number; readonly sinceMs: number } | undefined;

  /** Rows of clients that were given up, and since when this service knows them, by its own monotonic clock. */
  #barred: ReadonlyMap<string, number> = new Map();

  constructor(deps: SweeperDeps, settings: SweeperSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /**
   * How many answers were forgotten. The slot is raised once it has stood still for its time; no wall clock is asked, as
   * one that is wrong would make the whole cluster forget.
   */
  async sweepRequests(options: SignalOptions = {}): Promise<number> {
    const slot = await this.#currentSlot(options);
    if (slot < 2) return 0;
    const range = { begin: requestKey(0), end: requestKey(slot - 1) };
    let count = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const some = await this.#clearSome(range, options);
      count += some;
      if (some < STEP) return count;
    }
  }

  /**
   * How many clients were forgotten: those whose names this service itself has seen for long enough. By the time of day
   * a service whose clock is wrong would let a client in again that believes to have locks.
   */
  async sweepClients(options: SignalOptions = {}): Promise<number> {
    const nowMs = this.#deps.clock.monotonicMs();
    const seen = new Map<string, number>();
    let { begin, end } = prefixRange(key("CREV"));
    let count = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const { entries, more } = await this.#deps.metastore.transact(
        (transaction) => transaction.range({ begin, end }, { limit: STEP, snapshot: true }),
        options,
      );
      const old: Uint8Array[] = [];
      for (const { key: row } of entries) {
        const name = toHex(row);
        const sinceMs = this.#barred.get(name) ?? nowMs;
        if (nowMs - sinceMs >= this.#settings.revokedClientKeptMs) old.push(row);
        else if (seen.size < BARRED_MAX) seen.set(name, sinceMs);
      }
      if (old.length > 0) await this.#clear(old, options);
      count += old.length;
      const last = entries.at(-1);
      if (!more || last === undefined) break;
      begin = afterKey(last.key);
    }
    this.#barred = seen;
    return count;
  }

  #clear(rows: readonly Uint8Array[], options: SignalOptions): Promise<void> {
    return this.#deps.metastore.transact(
      async (transaction) => {
        for (const row of rows) transaction.clear(row);
      },
      { repeatable: true, ...options },
    );
  }

  async #currentSlot(options: SignalOptions): Promise<number> {
    const { metastore, clock } = this.#deps;
    const seen = this.#seen;
    const isDue = seen !== undefined && clock.monotonicMs() - seen.sinceMs >= this.#settings.requestSlotMs;
    const slot = await metastore.transact(
      async (transaction) => {
        const row = await transaction.get(requestSlotKey());
        const current = row === undefined ? 0 : Number(decode(counterRow, row));
        if (!isDue || current !== seen.slot) return current;
        transaction.set(requestSlotKey(), encode(counterRow, BigInt(current + 1)));
        return current + 1;
      },
      { repeatable: true, ...options },
    );
    if (seen?.slot !== slot) this.#seen = { slot, sinceMs: clock.monotonicMs() };
    return slot;
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
