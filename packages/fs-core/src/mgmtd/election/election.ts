/**
 * Who of several cluster managers is the primary: whoever holds the lease row. A holder acts only while its own clock says
 * that less than a lease has gone by since it began its last renewal that succeeded.
 */
import {
  type Clock,
  type NetAddress,
  type Probes,
  type Random,
  type SignalOptions,
  Tasks,
} from "@smallpond/base";
import type { NodeId } from "../../ids.ts";
import type { Logger } from "../../service/log.ts";
import type { Incarnation } from "../model/node.ts";
import type { MgmtdStore } from "../primary/store.ts";
import type { LeaseRow } from "../rows/lease-row.ts";
import { LeaseWatch } from "./lease-watch.ts";

/** A term that this process won. */
export interface Term {
  readonly number: bigint;
  /** By the own clock: nobody before this one acted as primary after it. */
  readonly startedMs: number;
  /** The longest lease that a node may still have from primaries before this one, in the node's own milliseconds. */
  readonly grantedMs: number;
  /** Aborts when the term is known to be over. */
  readonly signal: AbortSignal;
  /** Whether this process may act as primary at this moment. */
  holds(): boolean;
  /** Gives the primacy up, and lets others be faster next time: somebody else may do better. */
  yield(reason: string): void;
}

export interface ElectionDeps {
  readonly store: MgmtdStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly probes: Probes;
}

export interface ElectionSettings {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  readonly addresses: readonly NetAddress[];
  readonly leaseMs: number;
  readonly renewMs: number;
  readonly nodeLeaseMs: number;
  readonly clockDriftMax: number;
}

/** Renewals for which one that has yielded stays out of the election. */
const YIELD_TURNS = 3;

export class Election {
  readonly #deps: ElectionDeps;
  readonly #settings: ElectionSettings;
  readonly #watch: LeaseWatch;
  #term: OwnTerm | undefined;
  #holder: LeaseRow | undefined;
  #yielded = false;

  constructor(deps: ElectionDeps, settings: ElectionSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#watch = new LeaseWatch(deps, settings);
  }

  /** The term in which this process acts as primary now. */
  get term(): Term | undefined {
    return this.#term?.holds() ? this.#term : undefined;
  }

  /** Who was primary when somebody last looked; nothing if the lease was released or never taken. */
  get holder(): LeaseRow | undefined {
    return this.#holder?.released ? undefined : this.#holder;
  }

  /**
   * Contends, and tells of each term won; `onTerm` runs beside the renewals and should end when the term's signal
   * aborts. Returns after the signal aborted, the lease released if it was held.
   */
  async run(onTerm: (term: Term) => Promise<void>, options: { readonly signal: AbortSignal }): Promise<void> {
    const { clock, log, random } = this.#deps;
    const tasks = new Tasks();
    while (!options.signal.aborted) {
      try {
        const won = this.#term === undefined ? await this.#contend(options) : await this.#renew(options);
        if (won !== undefined) tasks.spawn(() => onTerm(won));
      } catch (error) {
        if (options.signal.aborted) break;
        log.warn("lease not renewed", { error: String(error) });
      }
      this.#dropIfOver();
      if (this.#yielded) await this.#release();
      // Jitter keeps contenders from colliding each time.
      const turns = this.#yielded ? YIELD_TURNS : 1;
      const pauseMs = turns * this.#settings.renewMs * (0.75 + random.next() / 4);
      this.#yielded = false;
      await Promise.race([clock.sleep(pauseMs, options).catch(() => {}), tasks.failure]);
    }
    await this.#release();
    await Promise.race([tasks.idle(), tasks.failure]);
  }

  async #contend(options: SignalOptions): Promise<Term | undefined> {
    const { store, clock, log, probes } = this.#deps;
    const { leaseMs, nodeLeaseMs, node, incarnation, addresses } = this.#settings;
    // A store that never answers must not keep this process out of the election for ever.
    using deadline = clock.deadline(leaseMs, options);
    const bounded = { signal: deadline.signal };
    const seen = await store.lease(bounded);
    this.#holder = seen;
    // A term of this very process is over for certain: it does not act in it any more.
    if (seen?.incarnation !== incarnation && !this.#watch.isOver(seen)) return undefined;
    const beganMs = clock.monotonicMs();
    const taken: LeaseRow = {
      term: (seen?.term ?? 0n) + 1n,
      node,
      incarnation,
      addresses,
      renewals: 0n,
      leaseMs,
      nodeLeaseMs: Math.max(nodeLeaseMs, seen?.nodeLeaseMs ?? 0),
      released: false,
    };
    if (!(await store.takeLease(seen, taken, bounded))) return undefined;
    if (seen !== undefined && !seen.released) probes.mark("mgmtd took over from a silent primary");
    this.#holder = taken;
    const startedMs = clock.monotonicMs();
    this.#term = new OwnTerm(
      clock,
      { number: taken.term, startedMs, grantedMs: taken.nodeLeaseMs },
      (reason) => {
        log.warn("primacy yielded", { term: taken.term, reason });
        probes.mark("mgmtd yielded");
        this.#yielded = true;
      },
    );
    this.#term.extend(beganMs + leaseMs);
    log.info("elected primary", { term: taken.term });
    return this.#term;
  }

  async #renew(options: SignalOptions): Promise<undefined> {
    const { store, clock } = this.#deps;
    const term = this.#term!;
    const beganMs = clock.monotonicMs();
    using deadline = clock.deadline(Math.max(1, term.untilMs - beganMs), options);
    const renewed = await store.renewLease(term.number, false, { signal: deadline.signal });
    if (!renewed) this.#end("another primary was elected");
    // Calls were refused meanwhile, and what works for the primary has ended: a term does not come to life again.
    else if (!term.holds()) this.#end("the lease ran out while it was renewed");
    else term.extend(beganMs + this.#settings.leaseMs);
    return undefined;
  }

  #dropIfOver(): void {
    if (this.#term !== undefined && !this.#term.holds()) this.#end("the lease ran out");
  }

  #end(reason: string): void {
    const { log, probes } = this.#deps;
    if (this.#term === undefined) return;
    if (this.#yielded) return;
    log.warn("no longer primary", { term: this.#term.number, reason });
    probes.mark("mgmtd lost its term");
    this.#term.end();
    this.#term = undefined;
  }

  async #release(): Promise<void> {
    const { store, clock, log } = this.#deps;
    const term = this.#term;
    if (term === undefined) return;
    // First it stops to act, then it says so: whoever comes next does not wait.
    this.#term = undefined;
    term.end();
    using deadline = clock.deadline(this.#settings.renewMs);
    try {
      await store.renewLease(term.number, true, { signal: deadline.signal });
    } catch (error) {
      log.warn("lease not released", { error: String(error) });
    }
  }
}

class OwnTerm implements Term {
  readonly number: bigint;
  readonly startedMs: number;
  readonly grantedMs: number;
  readonly #clock: Clock;
  readonly #controller: AbortController = new AbortController();
  readonly #onYield: (reason: string) => void;
  #untilMs = 0;

  constructor(
    clock: Clock,
    about: { readonly number: bigint; readonly startedMs: number; readonly grantedMs: number },
    onYield: (reason: string) => void,
  ) {
    this.#clock = clock;
    this.#onYield = onYield;
    this.number = about.number;
    this.startedMs = about.startedMs;
    this.grantedMs = about.grantedMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get untilMs(): number {
    return this.#untilMs;
  }

  extend(untilMs: number): void {
    this.#untilMs = untilMs;
  }

  holds(): boolean {
    return !this.#controller.signal.aborted && this.#clock.monotonicMs() < this.#untilMs;
  }

  yield(reason: string): void {
    if (this.#controller.signal.aborted) return;
    this.end();
    this.#onYield(reason);
  }

  end(): void {
    this.#controller.abort(new Error(`term ${this.number} is over`));
  }
}
