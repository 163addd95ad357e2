/**
 * The transaction engine of the process that owns the store, for one epoch. Optimistic: transactions read snapshots,
 * commits are checked against what was written since, and those that pass are written together, one durable batch at a
 * time, while the next one gathers. It ends when the store says that the epoch is over, or does not say what became of
 * a batch; whoever made it finds that out and makes the next one.
 */
import { type Clock, InvariantError, isPondError, type Probes, type SignalOptions } from "@smallpond/base";
import type { RequestId } from "../../ids.ts";
import { metastoreError, notOwner, tooOld } from "../errors.ts";
import type { ApplyOutcome, OrderedStore, StoreMutation } from "../ordered-store.ts";
import type { EngineSettings } from "../settings.ts";
import { type CommitOutcome, TRANSACTION_LIMITS } from "../transaction.ts";
import type { CommitRequest, TransactionBackend } from "./backend.ts";
import { Batch } from "./batch.ts";
import { ConflictLog } from "./conflict-log.ts";
import type { MetastoreMetrics } from "./engine-metrics.ts";
import { Journal } from "./journal.ts";
import { type BatchFate, journalClearing, journalMutation, journalRows } from "./journal-rows.ts";
import { LocalSnapshot } from "./local-snapshot.ts";
import { PendingCommit, PendingCommits } from "./pending-commits.ts";
import { type SharedSnapshot, Snapshots } from "./snapshots.ts";

export interface EngineDeps {
  readonly store: OrderedStore;
  readonly clock: Clock;
  readonly probes: Probes;
  readonly metrics: MetastoreMetrics;
  /** Whether nobody else can have become the owner, by the clock, now. */
  readonly holdsLease: () => boolean;
  /** Finds out, after the engine has ended, what became of its last batch. Takes as long as it takes. */
  readonly fateOf: (batch: { readonly epoch: bigint; readonly version: bigint }) => Promise<BatchFate>;
  /** Called once, when the engine ends of itself. */
  readonly onEnd: (reason: "fenced" | "unknown" | "failed") => void;
}

/** Commits of a batch that passed their checks, each with its version. */
type Accepted = readonly (readonly [commit: PendingCommit, version: bigint])[];

export class Engine implements TransactionBackend {
  readonly epoch: bigint;
  readonly #deps: EngineDeps;
  readonly #settings: EngineSettings;
  readonly #journal: Journal;
  readonly #log: ConflictLog;
  readonly #snapshots: Snapshots;
  readonly #pending: PendingCommits;
  /** Commits of other processes that have not been answered, so that a copy waits for the same outcome. */
  readonly #awaited: Map<RequestId, Promise<CommitOutcome>> = new Map();
  /** The last version whose batch has been dealt with. */
  #version: bigint;
  /** Of the last batch: it is written, and they do not know it yet. */
  #unanswered: Accepted = [];
  /** Commits of the last batch. */
  #lastCount = 0;
  #refreshing: Promise<void> | undefined;
  #writing = false;
  /** The store has no room but what it keeps back, as far as the last batch that wanted other room was told. */
  #full = false;
  #ended = false;

  private constructor(deps: EngineDeps, settings: EngineSettings, epoch: bigint, journal: Journal) {
    this.epoch = epoch;
    this.#deps = deps;
    this.#settings = settings;
    this.#journal = journal;
    this.#version = journal.version;
    this.#log = new ConflictLog(Number(journal.version), { keysMax: settings.logKeysMax });
    this.#snapshots = new Snapshots({ clock: deps.clock }, { countMax: settings.snapshotsMax });
    this.#pending = new PendingCommits({ max: settings.pendingMax });
  }

  /** Begins an epoch that the caller has acquired. */
  static async start(deps: EngineDeps, settings: EngineSettings, epoch: bigint): Promise<Engine> {
    const snapshot = await deps.store.snapshot();
    try {
      const journal = new Journal(await journalRows(snapshot), deps.clock.monotonicMs(), settings);
      const engine = new Engine(deps, settings, epoch, journal);
      engine.#snapshots.install(engine.#version, snapshot);
      return engine;
    } catch (error) {
      snapshot[Symbol.dispose]();
      throw error;
    }
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  async open({ signal }: SignalOptions = {}): Promise<LocalSnapshot> {
    signal?.throwIfAborted();
    const shared = await this.share();
    return new LocalSnapshot({
      clock: this.#deps.clock,
      snapshots: this.#snapshots,
      shared,
      point: { epoch: this.epoch, version: shared.version },
    });
  }

  /** The latest snapshot with one more use of it, to be given back by `unshare`. */
  async share(): Promise<SharedSnapshot> {
    while (this.#refreshing !== undefined) await this.#refreshing;
    this.#assertServing();
    return this.#snapshots.open();
  }

  /** The snapshot of a version that was shared before. */
  shared(version: bigint): SharedSnapshot {
    this.#assertServing();
    const shared = this.#snapshots.find(version);
    if (shared === undefined) throw tooOld();
    return shared;
  }

  unshare(version: bigint): void {
    const shared = this.#snapshots.find(version);
    if (shared !== undefined) this.#snapshots.release(shared);
  }

  async commit(request: CommitRequest, options: SignalOptions = {}): Promise<CommitOutcome> {
    options.signal?.throwIfAborted();
    const { id } = request;
    if (id === undefined) return await this.#enqueue(request, options);
    const version = this.#journal.versionOf(id);
    if (version !== undefined) return { kind: "committed", version };
    let outcome = this.#awaited.get(id);
    if (outcome === undefined) {
      // Whoever gives up waiting, the commit goes on: a copy of it may be asked for.
      outcome = this.#enqueue(request, {}).finally(() => this.#awaited.delete(id));
      this.#awaited.set(id, outcome);
    } else this.#deps.probes.mark("metastore: a copy of a commit waits for the first one");
    return await outcome;
  }

  /** Answers nobody any more: waiting commits and later reads are told that the owner changed. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failPending();
    this.#snapshots.close();
    this.#deps.metrics.snapshots.set(0);
  }

  async #enqueue(request: CommitRequest, options: SignalOptions): Promise<CommitOutcome> {
    if (this.#ended) throw notOwner("it lost it");
    if (this.#pending.isFull) {
      this.#deps.metrics.busy.add();
      throw metastoreError("METASTORE_BUSY", `${this.#pending.count} commits wait already`);
    }
    const commit = new PendingCommit(request, options);
    this.#pending.push(commit);
    this.#deps.metrics.pending.set(this.#pending.count);
    void this.#write();
    return await commit.outcome;
  }

  /** Writes batches until nobody waits. Runs once at a time; what comes meanwhile gathers. */
  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    try {
      // Commits made in the same turn share the batch.
      await Promise.resolve();
      while (this.#pending.count > 0 && !this.#ended) await this.#writeBatch();
    } finally {
      this.#answer();
      this.#writing = false;
    }
  }

  async #writeBatch(): Promise<void> {
    const { clock, metrics } = this.#deps;
    const taken = this.#pending.take({
      countMax: this.#countMax(),
      bytesMax: this.#settings.batchBytesMax,
    });
    metrics.pending.set(this.#pending.count);
    this.#log.prune(clock.monotonicMs() - TRANSACTION_LIMITS.ageMsMax);
    if (!this.#full) return await this.#writeCommits(taken);
    // What frees rows is neither kept waiting nor refused because of what does not.
    await this.#writeCommits(taken.filter(mayUseReserve));
    const others = taken.filter((commit) => !mayUseReserve(commit));
    if (!this.#ended) return await this.#writeCommits(others);
    for (const commit of others) commit.fail(notOwner("it lost it"));
  }

  async #writeCommits(taken: readonly PendingCommit[]): Promise<void> {
    const batch = new Batch();
    const accepted = this.#check(taken, batch);
    this.#lastCount = accepted.length;
    if (accepted.length === 0) return;
    try {
      await this.#apply(accepted, batch);
    } catch (error) {
      await this.#failBatch(accepted, error);
    }
  }

  /**
   * Those who wait and those who were just answered take turns: one half makes its next transactions while the store
   * writes those of the other. Even halves lose the least time, as each waits for the other.
   */
  #countMax(): number {
    const half = Math.ceil((this.#pending.count + this.#lastCount) / 2);
    return Math.min(this.#settings.batchTransactionsMax, half);
  }

  /** Settles those that must not commit, and puts the others into the batch. */
  #check(taken: readonly PendingCommit[], batch: Batch): Accepted {
    const accepted: (readonly [PendingCommit, bigint])[] = [];
    for (const commit of taken) {
      if (commit.isSettled) continue;
      const { request } = commit;
      if (this.#isTooOld(request)) this.#refuseOld(commit);
      else if (this.#log.hasConflict(Number(request.at.version), request)) {
        this.#deps.metrics.conflicts.add();
        commit.settle({ kind: "conflict" });
      } else {
        const version = this.#version + BigInt(accepted.length + 1);
        // A batch has one version in the log: every snapshot is of before it or of after it.
        if (accepted.length === 0) this.#log.beginBatch(Number(version), this.#deps.clock.monotonicMs());
        this.#log.record(request);
        batch.add(request, version);
        accepted.push([commit, version]);
      }
    }
    return accepted;
  }

  #isTooOld({ at, id }: CommitRequest): boolean {
    if (at.epoch !== this.epoch || at.version < BigInt(this.#log.base) || at.version > this.#version)
      return true;
    // A copy of a commit that the journal has forgotten must not be taken for a new one.
    return id !== undefined && at.version < this.#journal.floor;
  }

  #refuseOld(commit: PendingCommit): void {
    const { at, resent } = commit.request;
    this.#deps.metrics.tooOld.add();
    if (resent === true && at.version < this.#journal.floor) commit.settle({ kind: "unknown" });
    else commit.fail(tooOld());
  }

  async #apply(accepted: Accepted, batch: Batch): Promise<void> {
    const { clock, metrics } = this.#deps;
    const version = this.#version + BigInt(accepted.length);
    const keys = batch.basesNeeded();
    const bases =
      keys.length === 0 ? [] : await this.#snapshots.latest.read((latest) => latest.getMany(keys));
    const commits = accepted.flatMap(([{ request }, own]) =>
      request.id === undefined ? [] : [{ id: request.id, version: own }],
    );
    const row = { version, epoch: this.epoch, commits };
    const mutations: StoreMutation[] = batch.mutations(bases);
    const overdue = this.#journal.overdue(clock.monotonicMs());
    for (const gone of overdue) mutations.push(journalClearing(gone));
    mutations.push(journalMutation(row));

    const beganMs = clock.monotonicMs();
    const applying = this.#tryApply(
      mutations,
      accepted.every(([commit]) => mayUseReserve(commit)),
    );
    // Only now: what they do next would keep the store waiting.
    this.#answer();
    const outcome = await applying;
    metrics.batchSeconds.observe((clock.monotonicMs() - beganMs) / 1000);
    if (outcome !== "applied") return await this.#afterLoss(accepted, version, outcome);
    this.#version = version;
    this.#journal.forget(overdue.length);
    this.#journal.add(row, clock.monotonicMs());
    metrics.batches.add();
    metrics.commits.add(accepted.length);
    this.#unanswered = accepted;
    // Nobody waits for the store, which has nothing to gain by their waiting.
    if (this.#pending.count === 0) this.#answer();
    this.#refreshing = this.#refresh().finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
  }

  #answer(): void {
    const written = this.#unanswered;
    this.#unanswered = [];
    for (const [commit, version] of written) commit.settle({ kind: "committed", version });
  }

  /** A store that fails without saying that it wrote nothing may have written. */
  async #tryApply(mutations: readonly StoreMutation[], reserve: boolean): Promise<ApplyOutcome> {
    try {
      const outcome = await this.#deps.store.apply(mutations, { epoch: this.epoch, reserve });
      if (!reserve) this.#full = false;
      return outcome;
    } catch (error) {
      if (error instanceof InvariantError || (isPondError(error) && NOTHING_WRITTEN.has(error.code)))
        throw error;
      return "unknown";
    }
  }

  /**
   * The batch wrote nothing. Its versions are left out: the log has them, and snapshots after it must be above them. The
   * next batch waits for the new snapshot, which would pass for one of after that batch if it came later.
   */
  async #failBatch(accepted: Accepted, error: unknown): Promise<void> {
    this.#version += BigInt(accepted.length);
    this.#full ||= isPondError(error, "STORE_FULL");
    const mixed = this.#full && accepted.some(([commit]) => !mayUseReserve(commit));
    for (const [commit] of accepted) {
      // Apart from the others it may be written yet, but the log has what it wrote: a new transaction is to try it.
      if (mixed && mayUseReserve(commit)) commit.settle({ kind: "conflict" });
      else commit.fail(error);
    }
    if (error instanceof InvariantError || (isPondError(error) && error.code === "STORE_CORRUPT")) {
      this.#endOfItself("failed");
      return;
    }
    this.#refreshing = this.#refresh().finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
  }

  async #afterLoss(accepted: Accepted, version: bigint, outcome: "fenced" | "unknown"): Promise<void> {
    this.#deps.probes.mark(`metastore: a batch was ${outcome}`);
    if (outcome === "unknown") this.#deps.metrics.unknownBatches.add();
    this.#endOfItself(outcome);
    const fate = outcome === "fenced" ? "not-written" : await this.#fateOf(version);
    for (const [commit, own] of accepted) {
      if (fate === "written") commit.settle({ kind: "committed", version: own });
      else if (fate === "unknown") commit.settle({ kind: "unknown" });
      else commit.fail(notOwner("another one was first"));
    }
  }

  async #fateOf(version: bigint): Promise<BatchFate> {
    try {
      return await this.#deps.fateOf({ epoch: this.epoch, version });
    } catch {
      return "unknown";
    }
  }

  async #refresh(): Promise<void> {
    try {
      const snapshot = await this.#deps.store.snapshot();
      if (this.#ended) snapshot[Symbol.dispose]();
      else this.#snapshots.install(this.#version, snapshot);
      this.#deps.metrics.snapshots.set(this.#snapshots.count);
    } catch {
      // Without a snapshot of the last batch nothing true can be read.
      this.#endOfItself("failed");
    }
  }

  #endOfItself(reason: "fenced" | "unknown" | "failed"): void {
    if (this.#ended) return;
    this.end();
    this.#deps.onEnd(reason);
  }

  #failPending(): void {
    for (const commit of this.#pending.take({ countMax: Infinity, bytesMax: Infinity })) {
      commit.fail(notOwner("it lost it"));
    }
    this.#deps.metrics.pending.set(0);
  }

  #assertServing(): void {
    if (this.#ended) throw notOwner("it lost it");
    if (!this.#deps.holdsLease()) throw notOwner("its lease ran out");
  }
}

function mayUseReserve({ request }: PendingCommit): boolean {
  return request.reserve;
}

const NOTHING_WRITTEN: ReadonlySet<string> = new Set(["STORE_FULL", "STORE_UNREACHABLE", "STORE_CORRUPT"]);
