/** A store in memory: what outlives processes is a state that they share, each through a store of its own. */
import { assert, PondError } from "@smallpond/base";
import { keyText, textKey } from "./key-text.ts";
import type {
  ApplyOptions,
  ApplyOutcome,
  KeyRange,
  KeyValue,
  OrderedStore,
  Ownership,
  StoreMutation,
  StoreSnapshot,
} from "./ordered-store.ts";
import { PersistentMap } from "./persistent-map.ts";

/** The disk of a store in memory. */
export class MemoryStoreState {
  rows: PersistentMap<Uint8Array> = new PersistentMap();
  ownership: Ownership = { epoch: 0n, owner: new Uint8Array(), renewals: 0n };
}

/** One process's door to a state. Everything happens when it is called; promises only tell. */
export class MemoryStore implements OrderedStore {
  readonly #state: MemoryStoreState;
  #closed = false;

  constructor({ state }: { readonly state: MemoryStoreState }) {
    this.#state = state;
  }

  async snapshot(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<StoreSnapshot> {
    options.signal?.throwIfAborted();
    this.#assertOpen();
    return new MemorySnapshot(this.#state.rows);
  }

  async apply(batch: readonly StoreMutation[], options: ApplyOptions): Promise<ApplyOutcome> {
    this.#assertOpen();
    if (this.#state.ownership.epoch !== options.epoch) return "fenced";
    this.#state.rows = batch.reduce(applied, this.#state.rows);
    return "applied";
  }

  async ownership(): Promise<Ownership> {
    this.#assertOpen();
    return this.#state.ownership;
  }

  async acquire(options: {
    readonly after: Pick<Ownership, "epoch" | "renewals">;
    readonly owner: Uint8Array;
  }): Promise<bigint | undefined> {
    this.#assertOpen();
    const { epoch, renewals } = this.#state.ownership;
    if (epoch !== options.after.epoch || renewals !== options.after.renewals) return undefined;
    this.#state.ownership = { epoch: epoch + 1n, owner: options.owner.slice(), renewals: 0n };
    return epoch + 1n;
  }

  async renew(options: { readonly epoch: bigint }): Promise<ApplyOutcome> {
    this.#assertOpen();
    const { ownership } = this.#state;
    if (ownership.epoch !== options.epoch) return "fenced";
    this.#state.ownership = { ...ownership, renewals: ownership.renewals + 1n };
    return "applied";
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new PondError("STORE_CLOSED", { kind: "closed", message: "the store was closed" });
  }
}

class MemorySnapshot implements StoreSnapshot {
  readonly #rows: PersistentMap<Uint8Array>;
  #disposed = false;

  constructor(rows: PersistentMap<Uint8Array>) {
    this.#rows = rows;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#assertThere();
    return this.#rows.get(keyText(key))?.slice();
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#assertThere();
    return keys.map((key) => this.#rows.get(keyText(key))?.slice());
  }

  async range(
    { begin, end }: KeyRange,
    options: { readonly limit: number; readonly reverse: boolean },
  ): Promise<readonly KeyValue[]> {
    this.#assertThere();
    const found = this.#rows.scan({ begin: keyText(begin), end: keyText(end), ...options });
    return found.map(([text, value]) => ({ key: textKey(text as never), value: value.slice() }));
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
  }

  #assertThere(): void {
    assert(!this.#disposed, "a snapshot was read after it was disposed of");
  }
}

function applied(rows: PersistentMap<Uint8Array>, mutation: StoreMutation): PersistentMap<Uint8Array> {
  switch (mutation.kind) {
    case "set":
      return rows.with(keyText(mutation.key), Uint8Array.prototype.slice.call(mutation.value));
    case "clear":
      return rows.without(keyText(mutation.key));
    case "clearRange": {
      const [begin, end] = [keyText(mutation.range.begin), keyText(mutation.range.end)];
      const doomed = rows.scan({ begin, end, limit: Number.MAX_SAFE_INTEGER, reverse: false });
      return doomed.reduce((left, [key]) => left.without(key), rows);
    }
  }
}
