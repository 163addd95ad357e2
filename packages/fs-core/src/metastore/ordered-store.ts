/**
 * The little that the transaction layer asks of a storage engine: snapshots, and one atomic, durable batch that only
 * the owner of the current epoch may write. Everything above (conflicts, retries, versions, blind mutations) is ours.
 * Keys are ordered byte by byte.
 */
import type { SignalOptions } from "@smallpond/base";

export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Keys from `begin` to before `end`. */
export interface KeyRange {
  readonly begin: Uint8Array;
  readonly end: Uint8Array;
}

export type StoreMutation =
  | { readonly kind: "set"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: "clear"; readonly key: Uint8Array }
  | { readonly kind: "clearRange"; readonly range: KeyRange };

/**
 * What a batch came to. `fenced`: the epoch is no longer the caller's, nothing was written and nothing ever will be by
 * this epoch. `unknown`: it may have been written or may yet be, until a later epoch is taken.
 */
export type ApplyOutcome = "applied" | "fenced" | "unknown";

export interface ApplyOptions {
  readonly epoch: bigint;
  /**
   * The batch may use the room that the store keeps back: it frees rows, or the cluster cannot live without it. Stores
   * whose size is not theirs to limit keep nothing back.
   */
  readonly reserve?: boolean;
}

export interface StoreSnapshot extends Disposable {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** In order of keys, the last first with `reverse`; at most `limit`. Values are owned by the caller. */
  range(
    range: KeyRange,
    options: { readonly limit: number; readonly reverse: boolean },
  ): Promise<readonly KeyValue[]>;
}

/** Who owns a store. The row stands in the store itself and changes only together with the epoch's checks. */
export interface Ownership {
  /** Rises by one with each new owner. 0: nobody ever owned it. */
  readonly epoch: bigint;
  /** Chosen by the owner: its id and where it is reached. */
  readonly owner: Uint8Array;
  /** Counts renewals: an owner whose count stands still for a lease is gone. */
  readonly renewals: bigint;
}

/**
 * A call rejects with `STORE_FULL`, `STORE_UNREACHABLE` or `STORE_CORRUPT` only if it wrote nothing and will not. Every
 * call settles within a bounded time. Batches are given one after another, each when the one before has settled. Keys
 * are 1 to 1,025 bytes long.
 */
export interface OrderedStore extends AsyncDisposable {
  /** A view of everything applied so far, that stays as it is until disposed of. */
  snapshot(options?: SignalOptions): Promise<StoreSnapshot>;

  /** Writes all of the batch durably or nothing, if `epoch` is the store's current one. */
  apply(batch: readonly StoreMutation[], options: ApplyOptions): Promise<ApplyOutcome>;

  ownership(): Promise<Ownership>;

  /**
   * Becomes the owner if epoch and renewals are still those of `after`: the new epoch, or nothing if somebody was first.
   * Renewals count too: the owner's lease may have begun anew since the caller looked. When it resolves, no batch of an
   * earlier epoch can be written any more.
   */
  acquire(options: {
    readonly after: Pick<Ownership, "epoch" | "renewals">;
    readonly owner: Uint8Array;
  }): Promise<bigint | undefined>;

  /** Counts one more renewal. `fenced` when the epoch is no longer the caller's. */
  renew(options: { readonly epoch: bigint }): Promise<ApplyOutcome>;

  close(): Promise<void>;
}
