/**
 * One ordered store that several simulated processes open, each over a link of its own: what etcd, a database server or
 * a directory on a shared disk is to real ones. It never loses what it was given, but everything between it and its
 * users fails: requests and answers are late or lost, and a batch whose answer was given up on may still be written
 * later, until somebody takes the next epoch.
 */
import type { Random } from "@smallpond/base";
import type { OrderedStore } from "@smallpond/fs-core";
import { longTail } from "../net/fabric.ts";
import type { Seams } from "../world/process.ts";
import type { SimWorld } from "../world/world.ts";
import { LOST } from "./lost.ts";
import { StoreHandle } from "./store-handle.ts";

export interface SharedStoreSettings {
  /** Where it stands, for partitions. Missing: on every machine, as a shared disk is. */
  readonly machine?: string;
  /** Mean times of a read and of a durable write. */
  readonly readMs: number;
  readonly writeMs: number;
  /** When a question counts as unanswered. */
  readonly timeoutMs: number;
}

/** Shares of calls. */
export interface StoreFaults {
  /** The request never arrives. */
  readonly lostShare: number;
  /** It is carried out, but the answer never arrives. */
  readonly unansweredShare: number;
  /** It is carried out after its answer was given up on. */
  readonly lateShare: number;
  /** Everything takes so many times as long. */
  readonly slowness: number;
}

export const NO_STORE_FAULTS: StoreFaults = { lostShare: 0, unansweredShare: 0, lateShare: 0, slowness: 1 };

export class SharedStore {
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly #settings: SharedStoreSettings;
  readonly #inner: OrderedStore;
  #faults: StoreFaults = NO_STORE_FAULTS;

  /** `inner` answers at once; it is what outlives everybody. */
  constructor(
    deps: { readonly world: SimWorld; readonly inner: OrderedStore },
    settings: SharedStoreSettings,
  ) {
    this.#world = deps.world;
    this.#random = deps.world.random.fork("shared store");
    this.#inner = deps.inner;
    this.#settings = settings;
    if (settings.machine !== undefined) deps.world.addMachine(settings.machine);
  }

  /** For checkers, which are told the truth at once. */
  get inner(): OrderedStore {
    return this.#inner;
  }

  /** The store as one incarnation of a process sees it. */
  open(seams: Seams): OrderedStore {
    return new StoreHandle({ shared: this, seams });
  }

  setFaults(faults: Partial<StoreFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
    this.#world.note(`store ${JSON.stringify(this.#faults)}`);
  }

  /**
   * Carries out a call for a process: there, the work, and back. `LOST` after the timeout if a request or answer went
   * missing. A dead caller's promise never settles; what it asked for may be carried out all the same.
   */
  call<T>(
    seams: Seams,
    kind: "read" | "write",
    name: string,
    work: () => Promise<T>,
  ): Promise<T | typeof LOST> {
    const { lifetime } = seams;
    const entry = lifetime.begin(`store.${name}`);
    if (entry === "dead") return new Promise(() => {});
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (then: () => void): void => {
        if (settled) return;
        settled = true;
        expiry.cancelled = true;
        if (entry === "doomed") lifetime.die(`crashed after store.${name}`);
        else lifetime.wake(then);
      };
      const expiry = this.#world.scheduler.after(this.#settings.timeoutMs, () => settle(() => resolve(LOST)));
      this.#there(seams, kind, () => {
        work().then(
          (value) => this.#back(seams, kind, () => settle(() => resolve(value))),
          (error: unknown) => this.#back(seams, kind, () => settle(() => reject(error as Error))),
        );
      });
    });
  }

  #there(seams: Seams, kind: "read" | "write", arrive: () => void): void {
    const { lostShare, lateShare } = this.#faults;
    if (this.#isCut(seams, "there") || this.#random.next() < lostShare) return;
    const late = kind === "write" && this.#random.next() < lateShare;
    if (late) this.#world.probes.mark("store: a write was late");
    const lateMs = late ? this.#settings.timeoutMs * (1 + 2 * this.#random.next()) : 0;
    this.#world.scheduler.after(lateMs + this.#halfMs(kind), arrive);
  }

  #back(seams: Seams, kind: "read" | "write", arrive: () => void): void {
    if (this.#isCut(seams, "back") || this.#random.next() < this.#faults.unansweredShare) return;
    this.#world.scheduler.after(this.#halfMs(kind), arrive);
  }

  #halfMs(kind: "read" | "write"): number {
    const { readMs, writeMs } = this.#settings;
    return ((kind === "read" ? readMs : writeMs) / 2) * longTail(this.#random) * this.#faults.slowness;
  }

  #isCut({ machine }: Seams, way: "there" | "back"): boolean {
    const store = this.#settings.machine;
    if (store === undefined) return false;
    return this.#world.fabric.isCut(
      way === "there" ? { from: machine, to: store } : { from: store, to: machine },
    );
  }
}
