/** A store that notes what is asked of it, so that the bare store can be asked the same. */
import type {
  ApplyOutcome,
  KeyRange,
  OrderedStore,
  Ownership,
  StoreMutation,
  StoreSnapshot,
} from "@smallpond/fs-core";

export type StoreRequest =
  | { readonly kind: "apply"; readonly batch: readonly StoreMutation[] }
  | { readonly kind: "get"; readonly keys: readonly Uint8Array[] }
  | { readonly kind: "range"; readonly range: KeyRange; readonly limit: number; readonly reverse: boolean };

export class RecordingStore implements OrderedStore {
  readonly #store: OrderedStore;
  #noted: StoreRequest[] = [];

  constructor(store: OrderedStore) {
    this.#store = store;
  }

  /** What was asked since the last call. */
  take(): readonly StoreRequest[] {
    const noted = this.#noted;
    this.#noted = [];
    return noted;
  }

  async snapshot(): Promise<StoreSnapshot> {
    return new RecordingSnapshot(await this.#store.snapshot(), (request) => this.#noted.push(request));
  }

  apply(batch: readonly StoreMutation[], options: { readonly epoch: bigint }): Promise<ApplyOutcome> {
    this.#noted.push({ kind: "apply", batch });
    return this.#store.apply(batch, options);
  }

  ownership(): Promise<Ownership> {
    return this.#store.ownership();
  }

  acquire(options: Parameters<OrderedStore["acquire"]>[0]): Promise<bigint | undefined> {
    return this.#store.acquire(options);
  }

  renew(options: { readonly epoch: bigint }): Promise<ApplyOutcome> {
    return this.#store.renew(options);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class RecordingSnapshot implements StoreSnapshot {
  readonly #snapshot: StoreSnapshot;
  readonly #note: (request: StoreRequest) => void;

  constructor(snapshot: StoreSnapshot, note: (request: StoreRequest) => void) {
    this.#snapshot = snapshot;
    this.#note = note;
  }

  get(key: Uint8Array): ReturnType<StoreSnapshot["get"]> {
    this.#note({ kind: "get", keys: [key] });
    return this.#snapshot.get(key);
  }

  getMany(keys: readonly Uint8Array[]): ReturnType<StoreSnapshot["getMany"]> {
    this.#note({ kind: "get", keys });
    return this.#snapshot.getMany(keys);
  }

  range(
    range: KeyRange,
    options: { readonly limit: number; readonly reverse: boolean },
  ): ReturnType<StoreSnapshot["range"]> {
    this.#note({ kind: "range", range, ...options });
    return this.#snapshot.range(range, options);
  }

  [Symbol.dispose](): void {
    this.#snapshot[Symbol.dispose]();
  }
}
