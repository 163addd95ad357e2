/**
 * A metastore for one process that has the store to itself: it owns it from the beginning, for as long as it lives, and
 * keeps no lease. Several processes share a store through `MetastoreNode` instead.
 */
import { type Clock, NO_PROBES, type Probes, type Random } from "@smallpond/base";
import { Metrics } from "../../service/metrics.ts";
import { metastoreClosed, notOwner } from "../errors.ts";
import type { OrderedStore } from "../ordered-store.ts";
import {
  DEFAULT_ENGINE_SETTINGS,
  DEFAULT_RETRY_SETTINGS,
  type EngineSettings,
  type RetrySettings,
} from "../settings.ts";
import type { BeginOptions, Metastore, Transaction, TransactOptions } from "../transaction.ts";
import { BufferedTransaction } from "./buffered-transaction.ts";
import { Engine } from "./engine.ts";
import { MetastoreMetrics } from "./engine-metrics.ts";
import { type BatchFate, fateOfBatch } from "./journal-rows.ts";
import { type TransactDeps, transact } from "./transact.ts";

export interface LocalMetastoreDeps {
  readonly store: OrderedStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly probes?: Probes;
  readonly metrics?: MetastoreMetrics;
}

export interface LocalMetastoreSettings {
  readonly engine?: Partial<EngineSettings>;
  readonly retry?: Partial<RetrySettings>;
}

export class LocalMetastore implements Metastore, AsyncDisposable {
  readonly #deps: Required<LocalMetastoreDeps>;
  readonly #transactDeps: TransactDeps;
  readonly #engineSettings: EngineSettings;
  readonly #retrySettings: RetrySettings;
  #engine: Promise<Engine> | undefined;
  #closed = false;

  constructor(deps: LocalMetastoreDeps, settings: LocalMetastoreSettings = {}) {
    this.#deps = { probes: NO_PROBES, metrics: new MetastoreMetrics(new Metrics()), ...deps };
    this.#transactDeps = { metastore: this, clock: deps.clock, random: deps.random };
    this.#engineSettings = { ...DEFAULT_ENGINE_SETTINGS, ...settings.engine };
    this.#retrySettings = { ...DEFAULT_RETRY_SETTINGS, ...settings.retry };
  }

  async begin(options: BeginOptions = {}): Promise<Transaction> {
    const backend = await this.#current();
    return new BufferedTransaction({ backend, snapshot: await backend.open(options) });
  }

  async transact<T>(
    body: (transaction: Transaction) => Promise<T>,
    options: TransactOptions = {},
  ): Promise<T> {
    return await transact(this.#transactDeps, this.#retrySettings, body, options);
  }

  /** Ends what goes on; the store stays open. */
  async close(): Promise<void> {
    this.#closed = true;
    const engine = await this.#engine?.catch(() => undefined);
    engine?.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #current(): Promise<Engine> {
    if (this.#closed) return Promise.reject(metastoreClosed());
    this.#engine ??= this.#acquire().catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    return this.#engine;
  }

  async #acquire(): Promise<Engine> {
    const { store } = this.#deps;
    const after = await store.ownership();
    const epoch = await store.acquire({ after, owner: new Uint8Array() });
    if (epoch === undefined) throw notOwner("somebody else took it meanwhile");
    const deps = {
      ...this.#deps,
      holdsLease: () => true,
      fateOf: (batch: { readonly epoch: bigint; readonly version: bigint }) => this.#fateOf(batch),
      onEnd: () => {
        this.#engine = undefined;
      },
    };
    return await Engine.start(deps, this.#engineSettings, epoch);
  }

  /** With the next epoch nothing of the lost one can be written any more, and what was written stands in the journal. */
  async #fateOf(batch: { readonly epoch: bigint; readonly version: bigint }): Promise<BatchFate> {
    await this.#current();
    using snapshot = await this.#deps.store.snapshot();
    return await fateOfBatch(snapshot, batch);
  }
}
