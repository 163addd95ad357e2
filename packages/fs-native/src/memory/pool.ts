/** A bounded pool of page-aligned memory, given out as leases. */
import { assert, PondError, type SignalOptions } from "@smallpond/base";
import { BuddyAllocator } from "./buddy.ts";
import { BufferLease, type LeaseHome, newRegionId, type Region } from "./lease.ts";

export interface PoolSettings {
  /** All memory of the pool; regions are added as they are needed. */
  readonly bytesMax: number;
  /** One region, and so the largest lease. A power of two. */
  readonly regionBytes: number;
  /** The smallest block; a lease takes a power of two of it. */
  readonly blockBytesMin: number;
  /** Callers of `take` that may wait at once; a further one fails with `POOL_EXHAUSTED`. */
  readonly waitersMax: number;
  /** Fills released memory with 0xDD, so that tests see who reads it afterwards. */
  readonly poison: boolean;
}

export const DEFAULT_POOL_SETTINGS: PoolSettings = {
  bytesMax: 256 * 2 ** 20,
  regionBytes: 64 * 2 ** 20,
  blockBytesMin: 4096,
  waitersMax: 1024,
  poison: false,
};

export interface PoolDeps {
  /** New memory from the system. */
  readonly allocate: (bytes: number) => Omit<Region, "id">;
  /** Told of a lease that was forgotten without being released. Its memory is lost: somebody may still hold the view. */
  readonly leaked: (lease: { readonly bytes: number }) => void;
}

const POISON = 0xdd;

interface Slab {
  readonly region: Region;
  readonly blocks: BuddyAllocator;
}

interface Waiter {
  readonly bytes: number;
  readonly give: (lease: BufferLease) => void;
  readonly fail: (error: unknown) => void;
}

interface Outstanding {
  readonly slab: Slab;
  readonly offset: number;
  readonly bytes: number;
}

const regionsByBuffer = new WeakMap<ArrayBufferLike, Region>();

/** The region that a view looks at; undefined for memory that is of no pool. */
export function regionOf(view: Uint8Array): Region | undefined {
  return regionsByBuffer.get(view.buffer);
}

export class BufferPool implements Disposable {
  readonly settings: PoolSettings;
  readonly #deps: PoolDeps;
  readonly #slabs: Slab[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #watchers = new Set<(region: Region) => void>();
  readonly #home: LeaseHome;
  readonly #held = new Map<object, Outstanding>();
  readonly #registry: FinalizationRegistry<object>;
  #closed = false;

  constructor(deps: PoolDeps, settings: Partial<PoolSettings> = {}) {
    this.#deps = deps;
    this.settings = { ...DEFAULT_POOL_SETTINGS, ...settings };
    assert(this.settings.regionBytes <= this.settings.bytesMax, "a pool has room for one region");
    this.#registry = new FinalizationRegistry((token) => this.#leaked(token));
    this.#home = {
      passed: (lease) => this.#passed(lease),
      released: (lease, view) => this.#released(lease, view),
    };
  }

  /** Bytes in leases, counted in whole blocks. */
  get heldBytes(): number {
    return this.#slabs.reduce((sum, { blocks }) => sum + blocks.regionBytes - blocks.freeBytes, 0);
  }

  get leases(): number {
    return this.#held.size;
  }

  /** A lease if there is memory right now and nobody waits for it. */
  tryTake(bytes: number): BufferLease | undefined {
    this.#check(bytes);
    return this.#waiters.length > 0 ? undefined : this.#find(bytes);
  }

  /**
   * A lease, in order of asking. An abort gives up the place in the queue and rejects with `signal.reason`.
   *
   * @throws POOL_EXHAUSTED (kind `retry`) when too many wait already.
   */
  async take(bytes: number, options: SignalOptions = {}): Promise<BufferLease> {
    const { signal } = options;
    signal?.throwIfAborted();
    const lease = this.tryTake(bytes);
    if (lease !== undefined) return lease;
    if (this.#waiters.length >= this.settings.waitersMax) throw exhausted(this.settings.waitersMax);
    return await new Promise<BufferLease>((give, fail) => {
      const waiter: Waiter = {
        bytes,
        give: (given) => {
          signal?.removeEventListener("abort", onAbort);
          give(given);
        },
        fail,
      };
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        fail(signal?.reason);
        this.#serve();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /** Calls back for every region there is and will be: those who tell a kernel or a card about memory need to know. */
  watchRegions(onRegion: (region: Region) => void): Disposable {
    for (const { region } of this.#slabs) onRegion(region);
    this.#watchers.add(onRegion);
    return { [Symbol.dispose]: () => void this.#watchers.delete(onRegion) };
  }

  /** Fails those who wait. Memory goes when its last lease does. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.fail(closed());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(bytes: number): void {
    if (this.#closed) throw closed();
    assert(Number.isSafeInteger(bytes), "a lease has a whole number of bytes");
    assert(bytes > 0, "a lease has at least one byte");
    assert(bytes <= this.settings.regionBytes, `a lease has at most ${this.settings.regionBytes} bytes`);
  }

  #find(bytes: number): BufferLease | undefined {
    for (const slab of this.#slabs) {
      const lease = this.#takeFrom(slab, bytes);
      if (lease !== undefined) return lease;
    }
    const { regionBytes, blockBytesMin, bytesMax } = this.settings;
    if ((this.#slabs.length + 1) * regionBytes > bytesMax) return undefined;
    const region = { ...this.#deps.allocate(regionBytes), id: newRegionId() };
    const slab = { region, blocks: new BuddyAllocator({ regionBytes, blockBytesMin }) };
    this.#slabs.push(slab);
    regionsByBuffer.set(region.buffer, region);
    for (const onRegion of this.#watchers) onRegion(region);
    return this.#takeFrom(slab, bytes);
  }

  #takeFrom(slab: Slab, bytes: number): BufferLease | undefined {
    const offset = slab.blocks.take(bytes);
    return offset === undefined ? undefined : this.#lend({ slab, offset, bytes });
  }

  #lend(piece: Outstanding): BufferLease {
    const lease = new BufferLease(this.#home, piece.slab.region, {
      offset: piece.offset,
      length: piece.bytes,
    });
    const token = {};
    this.#held.set(token, piece);
    tokens.set(lease, token);
    this.#registry.register(lease, token, lease);
    return lease;
  }

  #passed(lease: BufferLease): BufferLease {
    return this.#lend(this.#forget(lease));
  }

  #released(lease: BufferLease, view: Uint8Array): void {
    if (this.settings.poison) view.fill(POISON);
    const { slab, offset, bytes } = this.#forget(lease);
    slab.blocks.give(offset, bytes);
    this.#serve();
  }

  #forget(lease: BufferLease): Outstanding {
    const token = tokens.get(lease)!;
    const piece = this.#held.get(token);
    assert(piece !== undefined, "a lease goes back to its own pool");
    this.#held.delete(token);
    this.#registry.unregister(lease);
    return piece;
  }

  #leaked(token: object): void {
    const piece = this.#held.get(token);
    if (piece !== undefined) this.#deps.leaked({ bytes: piece.bytes });
  }

  /** In order: a small request does not overtake a large one, or that one would wait for ever. */
  #serve(): void {
    while (this.#waiters.length > 0 && !this.#closed) {
      const lease = this.#find(this.#waiters[0]!.bytes);
      if (lease === undefined) return;
      this.#waiters.shift()!.give(lease);
    }
  }
}

/** What stands for a lease in the tables of its pool, without keeping it from being collected. */
const tokens = new WeakMap<BufferLease, object>();

function exhausted(waitersMax: number): PondError {
  return new PondError("POOL_EXHAUSTED", {
    kind: "retry",
    message: `all memory of the pool is in use and ${waitersMax} callers wait for it`,
    hint: "raise bytesMax of the pool, or do less at once",
  });
}

function closed(): PondError {
  return new PondError("ECLOSED", { kind: "closed", message: "the buffer pool is closed" });
}
