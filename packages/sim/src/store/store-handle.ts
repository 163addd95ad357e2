/** A shared store as one incarnation of a process sees it. */
import { PondError, type SignalOptions } from "@smallpond/base";
import type {
  ApplyOutcome,
  KeyRange,
  KeyValue,
  OrderedStore,
  Ownership,
  StoreMutation,
  StoreSnapshot,
} from "@smallpond/fs-core";
import type { OpenHandle } from "../world/lifetime.ts";
import type { Seams } from "../world/process.ts";
import { LOST } from "./lost.ts";
import type { SharedStore } from "./shared-store.ts";

interface HandleDeps {
  readonly shared: SharedStore;
  readonly seams: Seams;
}

export class StoreHandle implements OrderedStore {
  readonly #deps: HandleDeps;
  readonly #open: OpenHandle;
  readonly #snapshots: Set<OpenHandle> = new Set();
  #closed = false;

  constructor(deps: HandleDeps) {
    this.#deps = deps;
    this.#open = deps.seams.lifetime.open("a store");
  }

  async snapshot(options: SignalOptions = {}): Promise<StoreSnapshot> {
    options.signal?.throwIfAborted();
    this.#demandOpen();
    const inner = await read(this.#deps, "snapshot", () => this.#inner.snapshot());
    const open = this.#deps.seams.lifetime.open("a store's snapshot");
    this.#snapshots.add(open);
    return new SnapshotHandle(this.#deps, inner, {
      close: () => {
        open.close();
        this.#snapshots.delete(open);
      },
    });
  }

  async apply(batch: readonly StoreMutation[], options: { readonly epoch: bigint }): Promise<ApplyOutcome> {
    // The batch may be written after the caller went on, so it must not be the caller's memory.
    const own = structuredClone(batch);
    const name = `apply ${batch.length} at ${options.epoch}`;
    return orUnknown(await this.#write(name, () => this.#inner.apply(own, options)));
  }

  async ownership(): Promise<Ownership> {
    this.#demandOpen();
    return read(this.#deps, "ownership", () => this.#inner.ownership());
  }

  async acquire(options: Parameters<OrderedStore["acquire"]>[0]): Promise<bigint | undefined> {
    const name = `acquire after ${options.after.epoch}`;
    const epoch = await this.#write(name, () => this.#inner.acquire(options));
    if (epoch === LOST) throw unreachable(name);
    return epoch;
  }

  async renew(options: { readonly epoch: bigint }): Promise<ApplyOutcome> {
    return orUnknown(await this.#write(`renew ${options.epoch}`, () => this.#inner.renew(options)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#open.close();
    // Whoever still reads is told nothing more.
    for (const open of this.#snapshots) open.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #demandOpen(): void {
    if (this.#closed)
      throw new PondError("STORE_CLOSED", { kind: "closed", message: "the store was closed" });
  }

  get #inner(): OrderedStore {
    return this.#deps.shared.inner;
  }

  async #write<T>(name: string, work: () => Promise<T>): Promise<T | typeof LOST> {
    this.#demandOpen();
    return this.#deps.shared.call(this.#deps.seams, "write", name, work);
  }
}

class SnapshotHandle implements StoreSnapshot {
  readonly #deps: HandleDeps;
  readonly #inner: StoreSnapshot;
  readonly #open: OpenHandle;

  constructor(deps: HandleDeps, inner: StoreSnapshot, open: OpenHandle) {
    this.#deps = deps;
    this.#inner = inner;
    this.#open = open;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return read(this.#deps, "get", () => this.#inner.get(key));
  }

  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    return read(this.#deps, `get ${keys.length}`, () => this.#inner.getMany(keys));
  }

  range(
    range: KeyRange,
    options: { readonly limit: number; readonly reverse: boolean },
  ): Promise<readonly KeyValue[]> {
    return read(this.#deps, "range", () => this.#inner.range(range, options));
  }

  [Symbol.dispose](): void {
    // Calls in flight may still arrive: what they look at is a value, and stays.
    this.#open.close();
  }
}

async function read<T>({ shared, seams }: HandleDeps, name: string, work: () => Promise<T>): Promise<T> {
  const value = await shared.call(seams, "read", name, work);
  if (value === LOST) throw unreachable(name);
  return value;
}

function orUnknown(outcome: ApplyOutcome | typeof LOST): ApplyOutcome {
  return outcome === LOST ? "unknown" : outcome;
}

/** What a call fails with when no answer came. */
function unreachable(name: string): PondError<"STORE_UNREACHABLE"> {
  return new PondError("STORE_UNREACHABLE", {
    kind: "unavailable",
    message: `the store did not answer ${name} in time`,
  });
}
