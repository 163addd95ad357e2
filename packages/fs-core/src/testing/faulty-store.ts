/** A store between which and its user things go wrong. */
import type { Clock, Probes, Random, SignalOptions } from "@smallpond/base";
import { metastoreError } from "../metastore/errors.ts";
import type {
  ApplyOptions,
  ApplyOutcome,
  KeyRange,
  KeyValue,
  OrderedStore,
  Ownership,
  StoreMutation,
  StoreSnapshot,
} from "../metastore/ordered-store.ts";

/** Shares are of batches and renewals. */
export interface StoreFaults {
  /** Every call takes up to twice as long, half before its effect and half after it. */
  readonly latencyMs: number;
  /** Answered `unknown`, and not written. */
  readonly unknownBeforeShare: number;
  /** Answered `unknown`, and written. */
  readonly unknownAfterShare: number;
  /** Answered `unknown`, and written `lateMs` later if the epoch is still the same. */
  readonly unknownLateShare: number;
  readonly lateMs: number;
  /** Every call fails without any effect. */
  readonly unreachable: boolean;
  /** Batches fail as on a full disk, but those that may use the reserve where it is `reserved`. */
  readonly full: boolean | "reserved";
}

const NO_FAULTS: StoreFaults = {
  latencyMs: 0,
  unknownBeforeShare: 0,
  unknownAfterShare: 0,
  unknownLateShare: 0,
  lateMs: 1000,
  unreachable: false,
  full: false,
};

export interface FaultyStoreDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly probes: Probes;
}

export class FaultyStore implements OrderedStore {
  readonly #deps: FaultyStoreDeps;
  readonly #store: OrderedStore;
  #faults: StoreFaults = NO_FAULTS;

  constructor(deps: FaultyStoreDeps, store: OrderedStore, faults: Partial<StoreFaults> = {}) {
    this.#deps = deps;
    this.#store = store;
    this.set(faults);
  }

  /** Changes some faults and leaves the others. */
  set(faults: Partial<StoreFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#faults = NO_FAULTS;
  }

  async snapshot(options?: SignalOptions): Promise<StoreSnapshot> {
    return new FaultySnapshot(await this.#call(() => this.#store.snapshot(options)), (work) =>
      this.#call(work),
    );
  }

  async apply(batch: readonly StoreMutation[], options: ApplyOptions): Promise<ApplyOutcome> {
    const { full } = this.#faults;
    if (full === true || (full === "reserved" && options.reserve !== true))
      throw metastoreError("STORE_FULL", "the store is full");
    return await this.#change(() => this.#store.apply(batch, options));
  }

  async ownership(): Promise<Ownership> {
    return await this.#call(() => this.#store.ownership());
  }

  async acquire(options: {
    readonly after: Pick<Ownership, "epoch" | "renewals">;
    readonly owner: Uint8Array;
  }): Promise<bigint | undefined> {
    return await this.#call(() => this.#store.acquire(options));
  }

  async renew(options: { readonly epoch: bigint }): Promise<ApplyOutcome> {
    return await this.#change(() => this.#store.renew(options));
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #change(work: () => Promise<ApplyOutcome>): Promise<ApplyOutcome> {
    const { random, clock, probes } = this.#deps;
    const { unknownBeforeShare, unknownAfterShare, unknownLateShare, lateMs } = this.#faults;
    const draw = random.next();
    if (draw < unknownBeforeShare) {
      probes.mark("faulty store: unknown before");
      return await this.#call<ApplyOutcome>(async () => "unknown");
    }
    if (draw < unknownBeforeShare + unknownAfterShare) {
      probes.mark("faulty store: unknown after");
      await this.#call(work);
      return "unknown";
    }
    if (draw < unknownBeforeShare + unknownAfterShare + unknownLateShare) {
      probes.mark("faulty store: unknown, written late");
      return await this.#call<ApplyOutcome>(async () => {
        clock.timer(lateMs, () => void work().catch(() => {}));
        return "unknown";
      });
    }
    return await this.#call(work);
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    await this.#delay();
    if (this.#faults.unreachable) throw metastoreError("STORE_UNREACHABLE", "the store cannot be reached");
    const result = await work();
    await this.#delay();
    return result;
  }

  async #delay(): Promise<void> {
    const { latencyMs } = this.#faults;
    if (latencyMs > 0) await this.#deps.clock.sleep(latencyMs * this.#deps.random.next());
  }
}

class FaultySnapshot implements StoreSnapshot {
  readonly #snapshot: StoreSnapshot;
  readonly #call: <T>(work: () => Promise<T>) => Promise<T>;

  constructor(snapshot: StoreSnapshot, call: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#snapshot = snapshot;
    this.#call = call;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#call(() => this.#snapshot.get(key));
  }

  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#call(() => this.#snapshot.getMany(keys));
  }

  range(
    range: KeyRange,
    options: { readonly limit: number; readonly reverse: boolean },
  ): Promise<readonly KeyValue[]> {
    return this.#call(() => this.#snapshot.range(range, options));
  }

  [Symbol.dispose](): void {
    this.#snapshot[Symbol.dispose]();
  }
}
