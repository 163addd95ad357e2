/**
 * Which metadata services run, so that background work is shared out among them. Each counts up in a row of its own; one
 * whose count stands still for a while, by the clock of whoever looks, is taken for dead. No two clocks are compared, and
 * nothing depends on all agreeing: work that two services do is safe, and work that none does is found again.
 */
import { type Clock, fromHex, type Random, type SignalOptions, toHex } from "@smallpond/base";
import { prefixRange } from "../../metastore/keys.ts";
import type { Metastore } from "../../metastore/transaction.ts";
import { decode, encode, u64, versioned } from "../../wire/codec/index.ts";
import { serviceKey } from "../rows/keys.ts";

export interface MembersSettings {
  /** How often a service counts. */
  readonly beatMs: number;
  /** One that stood still for this long does no work any more. */
  readonly deadMs: number;
}

export const DEFAULT_MEMBERS_SETTINGS: MembersSettings = { beatMs: 2000, deadMs: 10_000 };

/** More are not looked at; they do no background work. */
const MEMBERS_MAX = 1000;
/** After so many times `deadMs` without a count a row is removed. */
const FORGOTTEN_AFTER = 10;

interface Seen {
  readonly count: bigint;
  readonly sinceMs: number;
}

const countRow = versioned(1, u64);

export class Members {
  readonly #metastore: Metastore;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #settings: MembersSettings;
  readonly #me: Uint8Array;
  #count = 0n;
  #seen: ReadonlyMap<string, Seen> = new Map();
  #alive: readonly string[] = [];

  constructor(
    deps: {
      readonly metastore: Metastore;
      readonly clock: Pick<Clock, "monotonicMs">;
      readonly random: Random;
    },
    settings: MembersSettings,
  ) {
    this.#metastore = deps.metastore;
    this.#clock = deps.clock;
    this.#settings = settings;
    this.#me = deps.random.bytes(16);
  }

  /** Services that run, as far as this one knows. None before the first beat. */
  get count(): number {
    return this.#alive.length;
  }

  /** Counts, and looks at the others. */
  async beat(options: SignalOptions = {}): Promise<void> {
    this.#count += 1n;
    const row = encode(countRow, this.#count);
    const { entries } = await this.#metastore.transact(
      async (transaction) => {
        transaction.set(serviceKey(this.#me), row);
        return transaction.range(prefixRange(serviceKey()), { limit: MEMBERS_MAX, snapshot: true });
      },
      { repeatable: true, ...options },
    );
    const nowMs = this.#clock.monotonicMs();
    const seen = new Map<string, Seen>();
    for (const { key, value } of entries) {
      const name = toHex(key.subarray(key.length - 16));
      const count = decode(countRow, value);
      const before = this.#seen.get(name);
      seen.set(name, before?.count === count ? before : { count, sinceMs: nowMs });
    }
    this.#seen = seen;
    const { deadMs } = this.#settings;
    this.#alive = [...seen].filter(([, { sinceMs }]) => nowMs - sinceMs <= deadMs).map(([name]) => name);
    const long = [...seen].filter(([, { sinceMs }]) => nowMs - sinceMs > FORGOTTEN_AFTER * deadMs);
    if (long.length > 0) await this.#forget(long, options);
  }

  /** Leaves, so that the others take over at once. */
  async leave(options: SignalOptions = {}): Promise<void> {
    this.#alive = [];
    await this.#metastore.transact(async (transaction) => transaction.clear(serviceKey(this.#me)), {
      repeatable: true,
      ...options,
    });
  }

  /** Those of `count` shards of a kind of work that are this service's: each goes to the service it weighs most with. */
  shardsOf(work: string, count: number): readonly number[] {
    const me = toHex(this.#me);
    const all = Array.from({ length: count }, (_, shard) => shard);
    return all.filter((shard) => this.#owner(`${work}.${shard}`) === me);
  }

  #owner(task: string): string | undefined {
    let best: { readonly name: string; readonly weight: number } | undefined;
    for (const name of this.#alive) {
      const weight = hash(`${name}.${task}`);
      if (best === undefined || weight > best.weight || (weight === best.weight && name > best.name)) {
        best = { name, weight };
      }
    }
    return best?.name;
  }

  #forget(members: readonly (readonly [string, Seen])[], options: SignalOptions): Promise<void> {
    return this.#metastore.transact(
      async (transaction) => {
        for (const [name, { count }] of members) {
          const row = serviceKey(fromHex(name));
          const now = await transaction.get(row);
          if (now !== undefined && decode(countRow, now) === count) transaction.clear(row);
        }
      },
      { repeatable: true, ...options },
    );
  }
}

/** 32 bits, well spread: FNV-1a and the finish of MurmurHash3. */
function hash(text: string): number {
  let bits = 0x811c_9dc5;
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x0100_0193);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
