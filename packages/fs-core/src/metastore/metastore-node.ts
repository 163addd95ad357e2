/**
 * The metastore as every process of a cluster has it: whoever owns the store runs the engine, the others send it their
 * reads and commits, and take over when it is gone. A transaction keeps to the owner that it began with.
 */
import {
  type Clock,
  type NetAddress,
  type Probes,
  type Random,
  type SignalOptions,
  Tasks,
} from "@smallpond/base";
import type { Logger } from "../service/log.ts";
import type { Caller, RpcRouter } from "../wire/index.ts";
import type { CommitRequest, TransactionBackend } from "./engine/backend.ts";
import { BufferedTransaction } from "./engine/buffered-transaction.ts";
import type { Engine } from "./engine/engine.ts";
import type { MetastoreMetrics } from "./engine/engine-metrics.ts";
import { type TransactDeps, transact } from "./engine/transact.ts";
import { metastoreClosed, notOwner } from "./errors.ts";
import type { OrderedStore } from "./ordered-store.ts";
import { Candidate, type Owner } from "./ownership/candidate.ts";
import { registerMetastore } from "./service/handlers.ts";
import { remoteCommit } from "./service/remote-commit.ts";
import { RemoteOwner } from "./service/remote-owner.ts";
import { RemoteSnapshot } from "./service/remote-snapshot.ts";
import {
  DEFAULT_ENGINE_SETTINGS,
  DEFAULT_LEASE_SETTINGS,
  DEFAULT_REMOTE_SETTINGS,
  DEFAULT_RETRY_SETTINGS,
  type EngineSettings,
  type LeaseSettings,
  type RemoteSettings,
  type RetrySettings,
} from "./settings.ts";
import type { BeginOptions, CommitOutcome, Metastore, Transaction, TransactOptions } from "./transaction.ts";

export interface MetastoreNodeDeps {
  readonly store: OrderedStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly probes: Probes;
  readonly log: Logger;
  readonly metrics: MetastoreMetrics;
  /** Reaches the process that listens at an address. */
  readonly callerOf: (address: NetAddress) => Caller;
}

export interface MetastoreNodeSettings {
  /** Where other processes reach this one's methods; without one they cannot while it owns the store. */
  readonly address?: NetAddress;
  readonly engine?: Partial<EngineSettings>;
  readonly lease?: Partial<LeaseSettings>;
  readonly remote?: Partial<RemoteSettings>;
  readonly retry?: Partial<RetrySettings>;
}

interface Elsewhere {
  readonly epoch: bigint;
  readonly remote: RemoteOwner;
}

type Found =
  | { readonly kind: "here"; readonly engine: Engine }
  | { readonly kind: "elsewhere"; readonly remote: RemoteOwner };

export class MetastoreNode implements Metastore, AsyncDisposable {
  readonly #deps: MetastoreNodeDeps;
  readonly #transactDeps: TransactDeps;
  readonly #remoteSettings: RemoteSettings;
  readonly #retrySettings: RetrySettings;
  readonly #candidate: Candidate;
  readonly #tasks: Tasks = new Tasks();
  #elsewhere: Elsewhere | undefined;
  #closed: Promise<void> | undefined;

  constructor(deps: MetastoreNodeDeps, settings: MetastoreNodeSettings = {}) {
    this.#deps = deps;
    this.#transactDeps = { metastore: this, clock: deps.clock, random: deps.random };
    this.#remoteSettings = { ...DEFAULT_REMOTE_SETTINGS, ...settings.remote };
    this.#retrySettings = { ...DEFAULT_RETRY_SETTINGS, ...settings.retry };
    this.#candidate = new Candidate(deps, {
      self: { incarnation: deps.random.u64(), address: settings.address },
      lease: { ...DEFAULT_LEASE_SETTINGS, ...settings.lease },
      engine: { ...DEFAULT_ENGINE_SETTINGS, ...settings.engine },
    });
  }

  /** Begins to watch the store, and to own it when nobody does. */
  start(): void {
    this.#tasks.spawn(() => this.#candidate.run());
  }

  /** Offers the methods by which other processes use this one while it owns the store. */
  register(router: RpcRouter): void {
    registerMetastore(router, () => {
      const { owner } = this;
      if (owner.kind === "here") return owner.engine;
      this.#candidate.nudge();
      throw notOwner("another one does, or nobody");
    });
  }

  /** Whether this process owns the store now, and serves it. */
  get isOwner(): boolean {
    return this.owner.kind === "here";
  }

  get owner(): Owner {
    return this.#candidate.owner;
  }

  /** Rejects when something broke that must not: the process must not go on. */
  get failure(): Promise<never> {
    return this.#tasks.failure;
  }

  async begin(options: BeginOptions = {}): Promise<Transaction> {
    const waitMs = options.timeoutMs ?? this.#remoteSettings.ownerMsMax;
    const untilMs = this.#deps.clock.monotonicMs() + waitMs;
    const backend = this.#backendOf(await this.#find({ untilMs, ...options }));
    return new BufferedTransaction({ backend, snapshot: await backend.open(options) });
  }

  async transact<T>(
    body: (transaction: Transaction) => Promise<T>,
    options: TransactOptions = {},
  ): Promise<T> {
    return await transact(this.#transactDeps, this.#retrySettings, body, options);
  }

  /** Ends what goes on, and leaves the store free if this process owned it. The store stays open. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#candidate.close();
    await this.#tasks.idle();
  }

  /** Waits for an owner, up to a time. */
  async #find(options: SignalOptions & { readonly untilMs: number }): Promise<Found> {
    const { clock } = this.#deps;
    for (;;) {
      options.signal?.throwIfAborted();
      if (this.#closed !== undefined) throw metastoreClosed();
      const { owner } = this;
      if (owner.kind === "here") return owner;
      if (owner.kind === "elsewhere") return { kind: "elsewhere", remote: this.#remoteOf(owner) };
      const restMs = options.untilMs - clock.monotonicMs();
      if (restMs <= 0) throw notOwner("and nobody else does");
      await this.#candidate.wait(Math.min(restMs, this.#remoteSettings.pauseMs));
    }
  }

  #remoteOf(owner: Extract<Owner, { kind: "elsewhere" }>): RemoteOwner {
    if (this.#elsewhere?.epoch === owner.epoch) return this.#elsewhere.remote;
    const deps = {
      clock: this.#deps.clock,
      caller: this.#deps.callerOf(owner.address),
      onTrouble: () => this.#candidate.nudge(),
    };
    const remote = new RemoteOwner(deps, this.#remoteSettings);
    this.#elsewhere = { epoch: owner.epoch, remote };
    return remote;
  }

  #backendOf(found: Found): TransactionBackend {
    if (found.kind === "here") return found.engine;
    const { clock } = this.#deps;
    return {
      open: async () => new RemoteSnapshot({ clock, holder: found.remote }),
      commit: (request, options) => this.#commitRemotely(request, options),
    };
  }

  async #commitRemotely(request: CommitRequest, options: SignalOptions): Promise<CommitOutcome> {
    const deps = {
      ...this.#deps,
      onTrouble: () => this.#candidate.nudge(),
      findOwner: async (waiting: SignalOptions & { readonly untilMs: number }) => {
        const found = await this.#find(waiting);
        return found.kind === "here" ? found.engine : found.remote;
      },
    };
    return await remoteCommit(deps, this.#remoteSettings, request, options);
  }
}
