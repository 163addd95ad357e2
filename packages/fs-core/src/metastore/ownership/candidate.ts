/**
 * A process's part in owning the store: it watches the owner, takes over when that one is gone, keeps its own lease, and
 * knows at any time who the owner is. Everything that decides is a comparison in the store; clocks decide only how long
 * an owner serves reads, and how long the others wait.
 */
import { type Clock, formatAddress, type NetAddress, News, type Probes } from "@smallpond/base";
import type { Logger } from "../../service/log.ts";
import { Engine } from "../engine/engine.ts";
import type { MetastoreMetrics } from "../engine/engine-metrics.ts";
import { type BatchFate, fateOfBatch } from "../engine/journal-rows.ts";
import { metastoreError } from "../errors.ts";
import type { OrderedStore, Ownership } from "../ordered-store.ts";
import type { EngineSettings, LeaseSettings } from "../settings.ts";
import { Lease } from "./lease.ts";
import { decodeOwner, encodeOwner, nobody, type OwnerRecord } from "./owner-record.ts";
import { Standstill } from "./standstill.ts";

export interface CandidateDeps {
  readonly store: OrderedStore;
  readonly clock: Clock;
  readonly probes: Probes;
  readonly log: Logger;
  readonly metrics: MetastoreMetrics;
}

export interface CandidateSettings {
  readonly self: OwnerRecord;
  readonly lease: LeaseSettings;
  readonly engine: EngineSettings;
}

export type Owner =
  | { readonly kind: "here"; readonly engine: Engine }
  | { readonly kind: "elsewhere"; readonly epoch: bigint; readonly address: NetAddress }
  | { readonly kind: "nobody" };

/** Between two looks that somebody asks for. */
const STEP_MS_MIN = 20;

export class Candidate {
  readonly #deps: CandidateDeps;
  readonly #settings: CandidateSettings;
  readonly #standstill: Standstill;
  /** Who owns the store may have changed. */
  readonly #changes: News = new News();
  /** Somebody wants the next step now. */
  readonly #nudges: News = new News();
  /** Batches whose outcome is being found out. */
  readonly #fates: Set<Promise<BatchFate>> = new Set();
  #lease: Lease;
  #engine: Engine | undefined;
  #seen: Ownership | undefined;
  #nudged = false;
  #closing = false;

  constructor(deps: CandidateDeps, settings: CandidateSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#lease = new Lease(settings.lease);
    this.#standstill = new Standstill(settings.lease);
  }

  get owner(): Owner {
    const engine = this.#engine;
    if (engine !== undefined) {
      return !engine.hasEnded && this.#holdsLease() ? { kind: "here", engine } : { kind: "nobody" };
    }
    const record = this.#seen === undefined ? undefined : decodeOwner(this.#seen.owner);
    const address = record === undefined || this.#isOurs(record) ? undefined : record.address;
    if (address === undefined || this.#isOwn(address)) return { kind: "nobody" };
    return { kind: "elsewhere", epoch: this.#seen!.epoch, address };
  }

  /** Returns when the owner may have changed, or after `ms`. */
  async wait(ms: number): Promise<void> {
    await this.#changes.wait(this.#deps.clock, ms);
  }

  /** Has a look soon: somebody found that the owner is not where it was. */
  nudge(): void {
    this.#nudged = true;
    this.#nudges.tell();
  }

  /** Until closed. A store that fails is tried again. */
  async run(): Promise<void> {
    const { clock, log } = this.#deps;
    while (!this.#closing) {
      const beganMs = clock.monotonicMs();
      this.#nudged = false;
      try {
        await this.#step();
      } catch (error) {
        log.warn("metastore store call failed", { reason: String(error) });
      }
      if (this.#closing) return;
      if (!this.#nudged) await this.#nudges.wait(clock, this.#pauseMs());
      const restMs = beganMs + STEP_MS_MIN - clock.monotonicMs();
      if (restMs > 0) await clock.sleep(restMs);
    }
  }

  /** Ends; an owner leaves the store free for the next one. */
  async close(): Promise<void> {
    this.#closing = true;
    const engine = this.#engine;
    this.#engine = undefined;
    engine?.end();
    this.#changes.tell();
    this.#nudges.tell();
    if (engine !== undefined) await this.#resign(engine);
    await Promise.all(this.#fates);
  }

  async #resign(engine: Engine): Promise<void> {
    try {
      const { epoch, renewals } = await this.#timed(this.#deps.store.ownership());
      if (epoch !== engine.epoch) return;
      await this.#timed(this.#deps.store.acquire({ after: { epoch, renewals }, owner: nobody() }));
    } catch (error) {
      this.#deps.log.warn("metastore owner could not resign", { reason: String(error) });
    }
  }

  async #step(): Promise<void> {
    if (this.#engine !== undefined && !this.#engine.hasEnded) await this.#renew(this.#engine);
    else await this.#watch();
  }

  async #renew(engine: Engine): Promise<void> {
    const { clock, store } = this.#deps;
    const lease = this.#lease;
    const sentMs = clock.monotonicMs();
    const outcome = await this.#timed(store.renew({ epoch: engine.epoch }));
    if (outcome === "applied") lease.renewed(sentMs);
    else if (outcome === "fenced") this.#lose(engine, "another process took over");
    else if (!this.#holdsLease()) await this.#lookForSuccessor(engine);
    this.#changes.tell();
  }

  async #lookForSuccessor(engine: Engine): Promise<void> {
    const seen = await this.#timed(this.#deps.store.ownership());
    if (seen.epoch === engine.epoch) return;
    this.#see(seen);
    this.#lose(engine, "another process took over while renewals failed");
  }

  async #watch(): Promise<void> {
    const { clock, store } = this.#deps;
    const seen = await this.#timed(store.ownership());
    this.#standstill.observe(seen, clock.monotonicMs());
    this.#see(seen);
    if (this.#mayTake(seen)) await this.#take(seen);
  }

  #mayTake({ epoch, owner }: Ownership): boolean {
    if (epoch === 0n || this.#standstill.hasRunOut(this.#deps.clock.monotonicMs())) return true;
    const record = decodeOwner(owner);
    // This incarnation's own epoch, of which it serves nothing any more.
    return record === undefined || this.#isOurs(record);
  }

  async #take(after: Ownership): Promise<void> {
    const { clock, log, metrics, probes, store } = this.#deps;
    const lease = new Lease(this.#settings.lease);
    const owner = encodeOwner(this.#settings.self);
    lease.renewed(clock.monotonicMs());
    const epoch = await this.#timed(store.acquire({ after, owner }));
    if (epoch === undefined) {
      probes.mark("metastore: somebody else was first to take over");
      return this.nudge();
    }
    this.#see({ epoch, owner, renewals: 0n });
    this.#lease = lease;
    const engine = await this.#timed(this.#start(epoch, lease), (late) => late.end());
    if (this.#closing) return engine.end();
    this.#engine = engine;
    metrics.takeovers.add();
    probes.mark("metastore: took over");
    log.info("metastore owned here", { epoch });
    this.#changes.tell();
    this.nudge();
  }

  #start(epoch: bigint, lease: Lease): Promise<Engine> {
    const { clock } = this.#deps;
    const deps = {
      ...this.#deps,
      holdsLease: () => lease.isHeld(clock.monotonicMs()),
      fateOf: (batch: { readonly epoch: bigint; readonly version: bigint }) => {
        const fate = this.#fateOf(batch).finally(() => this.#fates.delete(fate));
        this.#fates.add(fate);
        return fate;
      },
      onEnd: (reason: string) => {
        if (this.#engine?.epoch === epoch) this.#lose(this.#engine, reason);
      },
    };
    return Engine.start(deps, this.#settings.engine, epoch);
  }

  #lose(engine: Engine, reason: string): void {
    if (this.#engine !== engine) return;
    this.#engine = undefined;
    engine.end();
    this.#deps.log.info("metastore not owned here any more", { epoch: engine.epoch, reason });
    this.#changes.tell();
    this.nudge();
  }

  /** Waits for a later epoch, this process's or another's; then the journal tells. */
  async #fateOf(batch: { readonly epoch: bigint; readonly version: bigint }): Promise<BatchFate> {
    const { clock, probes, store } = this.#deps;
    const { fateMsMax, watchMs } = this.#settings.lease;
    const untilMs = clock.monotonicMs() + fateMsMax;
    while (!this.#closing && clock.monotonicMs() < untilMs) {
      try {
        if (this.#seen !== undefined && this.#seen.epoch > batch.epoch) {
          using snapshot = await this.#timed(store.snapshot(), (late) => late[Symbol.dispose]());
          const fate = await this.#timed(fateOfBatch(snapshot, batch));
          probes.mark(`metastore: a batch of unknown outcome was ${fate}`);
          return fate;
        }
      } catch (error) {
        this.#deps.log.warn("metastore cannot read a batch's fate", { reason: String(error) });
      }
      if (!this.#closing) await this.wait(Math.max(0, Math.min(watchMs, untilMs - clock.monotonicMs())));
    }
    return "unknown";
  }

  #see(seen: Ownership): void {
    const before = this.#seen;
    this.#seen = seen;
    if (before?.epoch !== seen.epoch) this.#changes.tell();
  }

  #isOurs({ incarnation }: OwnerRecord): boolean {
    return incarnation === this.#settings.self.incarnation;
  }

  /** What another incarnation owned at this process's address, nobody answers for any more. */
  #isOwn(address: NetAddress): boolean {
    const own = this.#settings.self.address;
    return own !== undefined && formatAddress(address) === formatAddress(own);
  }

  #holdsLease(): boolean {
    return this.#lease.isHeld(this.#deps.clock.monotonicMs());
  }

  #pauseMs(): number {
    const { renewMs, watchMs } = this.#settings.lease;
    return this.#engine === undefined ? watchMs : renewMs;
  }

  /** A call that the store does not answer in time is not waited for; what it did will be seen. */
  async #timed<T>(call: Promise<T>, onLate: (value: T) => void = () => {}): Promise<T> {
    const { storeMsMax } = this.#settings.lease;
    return await new Promise<T>((resolve, reject) => {
      let late = false;
      const timer = this.#deps.clock.timer(storeMsMax, () => {
        late = true;
        reject(metastoreError("STORE_UNREACHABLE", `the store has not answered for ${storeMsMax} ms`));
      });
      const settle = (then: () => void): void => {
        timer.cancel();
        then();
      };
      call.then(
        (value) => settle(() => (late ? onLate(value) : resolve(value))),
        (error: unknown) => settle(() => reject(error as Error)),
      );
    });
  }
}
