/**
 * What the cluster manager keeps in the metastore. Every transaction that changes something reads the lease row and
 * demands the caller's term: an old primary that goes on writes nothing (I6).
 */
import { assert, type SignalOptions } from "@smallpond/base";
import { chainId, chainTableId, nodeId, targetId } from "../../ids.ts";
import { afterKey, prefixRange } from "../../metastore/keys.ts";
import type { Metastore, ReadTransaction, Transaction } from "../../metastore/transaction.ts";
import { withReserve } from "../../metastore/with-reserve.ts";
import { type Codec, decode, encode } from "../../wire/codec/index.ts";
import { CONFIG_KINDS, type Config, type ConfigKind } from "../model/config.ts";
import { mgmtdError } from "../model/errors.ts";
import type { Changed } from "../rows/changed-row.ts";
import { configRow } from "../rows/config-row.ts";
import {
  chainKey,
  chainTableKey,
  configKey,
  leaseKey,
  nodeKey,
  routingVersionKey,
  targetKey,
} from "../rows/keys.ts";
import { type LeaseRow, leaseRow } from "../rows/lease-row.ts";
import { chainRow, chainTableRow, nodeRow, routingVersionRow, targetRow } from "../rows/routing-rows.ts";
import type { ClusterChange, StoredCluster } from "./cluster-state.ts";

/** Rows read in one step. */
const PAGE_ROWS = 1000;

export class MgmtdStore {
  readonly #metastore: Metastore;

  constructor(deps: { readonly metastore: Metastore }) {
    // Its rows are few; without them nobody is primary, and no room could be made.
    this.#metastore = withReserve(deps.metastore);
  }

  /** Who is primary, or was last; nothing in a new store. */
  lease(options: SignalOptions = {}): Promise<LeaseRow | undefined> {
    return this.#metastore.transact((transaction) => readLease(transaction), options);
  }

  /** Replaces the lease `seen` by `taken`, unless it is another one by now. Whether it did. */
  takeLease(seen: LeaseRow | undefined, taken: LeaseRow, options: SignalOptions = {}): Promise<boolean> {
    return this.#metastore.transact(
      async (transaction) => {
        const found = await readLease(transaction);
        // An earlier try of ours may have been written without our hearing of it.
        if (found?.term === taken.term && found.incarnation === taken.incarnation) return true;
        if (found?.term !== seen?.term || found?.renewals !== seen?.renewals) return false;
        transaction.set(leaseKey(), encode(leaseRow, taken));
        return true;
      },
      { ...options, repeatable: true },
    );
  }

  /** Counts one more renewal, or says that the lease is no longer of that term. `released` ends it. */
  renewLease(term: bigint, released: boolean, options: SignalOptions = {}): Promise<boolean> {
    return this.#metastore.transact(
      async (transaction) => {
        const found = await readLease(transaction);
        if (found === undefined || found.term !== term || found.released) return false;
        const renewed = { ...found, renewals: found.renewals + 1n, released };
        transaction.set(leaseKey(), encode(leaseRow, renewed));
        return true;
      },
      { ...options, repeatable: true },
    );
  }

  /** All that is stored of the routing. Only the primary calls it, so nothing changes between its steps. */
  async load(options: SignalOptions = {}): Promise<StoredCluster> {
    const version = await this.#metastore.transact((transaction) => readVersion(transaction), options);
    return {
      version,
      nodes: await this.#all(nodeKey(), nodeRow, options),
      targets: await this.#all(targetKey(), targetRow, options),
      chains: await this.#all(chainKey(), chainRow, options),
      tables: await this.#all(chainTableKey(), chainTableRow, options),
    };
  }

  /**
   * Writes the change as the version after `from`. Doing it again is harmless: nobody else writes versions in this
   * term, and a try that arrives late finds another version and conflicts. Throws `NOT_PRIMARY` if the term is over.
   */
  async commit(
    term: bigint,
    change: ClusterChange,
    from: bigint,
    options: SignalOptions = {},
  ): Promise<void> {
    await this.#metastore.transact(
      async (transaction) => {
        await requireTerm(transaction, term);
        const found = await readVersion(transaction);
        if (found === from + 1n) return;
        assert(found === from, `the routing has version ${found} where ${from} was committed last`);
        transaction.set(routingVersionKey(), encode(routingVersionRow, from + 1n));
        writeChange(transaction, change, from + 1n);
      },
      { ...options, repeatable: true },
    );
  }

  /** The newest configuration of each kind that has one. */
  async configs(options: SignalOptions = {}): Promise<ReadonlyMap<ConfigKind, Config>> {
    const newest = new Map<ConfigKind, Config>();
    for (const kind of CONFIG_KINDS) {
      const [config] = await this.configHistory(kind, 1, options);
      if (config !== undefined) newest.set(kind, config);
    }
    return newest;
  }

  /** The newest first. */
  configHistory(kind: ConfigKind, limit: number, options: SignalOptions = {}): Promise<readonly Config[]> {
    return this.#metastore.transact(async (transaction) => {
      const range = prefixRange(configKey(CONFIG_KINDS.indexOf(kind)));
      const { entries } = await transaction.range(range, { limit });
      return entries.map(({ value }) => decode(configRow, value));
    }, options);
  }

  config(kind: ConfigKind, version: number, options: SignalOptions = {}): Promise<Config | undefined> {
    return this.#metastore.transact(async (transaction) => {
      const found = await transaction.get(configKey(CONFIG_KINDS.indexOf(kind), version));
      return found === undefined ? undefined : decode(configRow, found);
    }, options);
  }

  /** Doing it again is harmless. Throws `NOT_PRIMARY` if the term is over. */
  async putConfig(term: bigint, config: Config, options: SignalOptions = {}): Promise<void> {
    await this.#metastore.transact(
      async (transaction) => {
        await requireTerm(transaction, term);
        const at = configKey(CONFIG_KINDS.indexOf(config.kind), config.version);
        transaction.set(at, encode(configRow, config));
      },
      { ...options, repeatable: true },
    );
  }

  async #all<T>(prefix: Uint8Array, codec: Codec<Changed<T>>, options: SignalOptions): Promise<Changed<T>[]> {
    const rows: Changed<T>[] = [];
    const { end } = prefixRange(prefix);
    let begin = prefix;
    for (;;) {
      const range = { begin, end };
      const page = await this.#metastore.transact(
        (transaction) => transaction.range(range, { limit: PAGE_ROWS, snapshot: true }),
        options,
      );
      for (const { value } of page.entries) rows.push(decode(codec, value));
      const last = page.entries.at(-1);
      if (!page.more || last === undefined) return rows;
      begin = afterKey(last.key);
    }
  }
}

async function readLease(transaction: ReadTransaction): Promise<LeaseRow | undefined> {
  const found = await transaction.get(leaseKey());
  return found === undefined ? undefined : decode(leaseRow, found);
}

async function readVersion(transaction: ReadTransaction): Promise<bigint> {
  const found = await transaction.get(routingVersionKey());
  return found === undefined ? 0n : decode(routingVersionRow, found);
}

async function requireTerm(transaction: ReadTransaction, term: bigint): Promise<void> {
  const lease = await readLease(transaction);
  if (lease?.term === term && !lease.released) return;
  throw mgmtdError("NOT_PRIMARY", `term ${term} of this cluster manager is over`, {
    hint: "ask who is primary now",
  });
}

function writeChange(transaction: Transaction, change: ClusterChange, changed: bigint): void {
  for (const value of change.nodes ?? []) {
    transaction.set(nodeKey(nodeId(value.id)), encode(nodeRow, { changed, value }));
  }
  for (const value of change.targets ?? []) {
    transaction.set(targetKey(targetId(value.id)), encode(targetRow, { changed, value }));
  }
  for (const value of change.chains ?? []) {
    transaction.set(chainKey(chainId(value.id)), encode(chainRow, { changed, value }));
  }
  for (const value of change.tables ?? []) {
    const at = chainTableKey(chainTableId(value.id), value.version);
    transaction.set(at, encode(chainTableRow, { changed, value }));
  }
}
