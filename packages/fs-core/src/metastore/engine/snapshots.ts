/** Snapshots that transactions share: one for each version that somebody reads, kept while it is of use. */
import { assert, type Clock } from "@smallpond/base";
import { tooOld } from "../errors.ts";
import type { StoreSnapshot } from "../ordered-store.ts";
import { TRANSACTION_LIMITS } from "../transaction.ts";

/** One version's snapshot. It goes when it is neither the latest nor used, or when its time is over. */
export class SharedSnapshot {
  readonly version: bigint;
  readonly #store: StoreSnapshot;
  #reads = 0;
  #gone = false;
  users = 0;
  lastOpenedMs = 0;

  constructor(version: bigint, store: StoreSnapshot) {
    this.version = version;
    this.#store = store;
  }

  get isGone(): boolean {
    return this.#gone;
  }

  async read<T>(work: (store: StoreSnapshot) => Promise<T>): Promise<T> {
    if (this.#gone) throw tooOld();
    this.#reads += 1;
    try {
      return await work(this.#store);
    } finally {
      this.#reads -= 1;
      this.#disposeWhenIdle();
    }
  }

  /** Later reads are too old; running ones end first. */
  retire(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#disposeWhenIdle();
  }

  #disposeWhenIdle(): void {
    if (this.#gone && this.#reads === 0) this.#store[Symbol.dispose]();
  }
}

export class Snapshots {
  readonly #clock: Clock;
  readonly #countMax: number;
  /** The oldest version first. */
  readonly #shared: Map<bigint, SharedSnapshot> = new Map();
  #latest: SharedSnapshot | undefined;

  constructor(deps: { readonly clock: Clock }, settings: { readonly countMax: number }) {
    this.#clock = deps.clock;
    this.#countMax = settings.countMax;
  }

  get latest(): SharedSnapshot {
    assert(this.#latest !== undefined, "there is no snapshot yet");
    return this.#latest;
  }

  get count(): number {
    return this.#shared.size;
  }

  /** Makes it the latest one. */
  install(version: bigint, store: StoreSnapshot): void {
    const before = this.#latest;
    this.#latest = new SharedSnapshot(version, store);
    this.#shared.set(version, this.#latest);
    if (before !== undefined) this.#dropIfUnused(before);
    this.#retireOld();
  }

  open(): SharedSnapshot {
    const { latest } = this;
    latest.users += 1;
    latest.lastOpenedMs = this.#clock.monotonicMs();
    return latest;
  }

  find(version: bigint): SharedSnapshot | undefined {
    return this.#shared.get(version);
  }

  release(snapshot: SharedSnapshot): void {
    snapshot.users = Math.max(0, snapshot.users - 1);
    this.#dropIfUnused(snapshot);
  }

  close(): void {
    for (const snapshot of this.#shared.values()) snapshot.retire();
    this.#shared.clear();
  }

  #retireOld(): void {
    const untilMs = this.#clock.monotonicMs() - TRANSACTION_LIMITS.ageMsMax;
    for (const snapshot of this.#shared.values()) {
      if (snapshot === this.#latest) continue;
      if (snapshot.lastOpenedMs < untilMs || this.#shared.size > this.#countMax) this.#drop(snapshot);
    }
  }

  #dropIfUnused(snapshot: SharedSnapshot): void {
    if (snapshot.users === 0 && snapshot !== this.#latest) this.#drop(snapshot);
  }

  #drop(snapshot: SharedSnapshot): void {
    snapshot.retire();
    if (this.#shared.get(snapshot.version) === snapshot) this.#shared.delete(snapshot.version);
  }
}
