/** A view of an LMDB store that stays as it is: a read transaction. Pages that it sees are not used again while it lasts. */

import { assert } from "@smallpond/base";
import type { Database, Transaction as ReadTransaction } from "lmdb";
import type { KeyRange, KeyValue, StoreSnapshot } from "../metastore/ordered-store.ts";
import { storeFailure } from "./lmdb-errors.ts";
import type { RowSeal } from "./lmdb-seal.ts";

export type Rows = Database<Uint8Array, Uint8Array>;

export class LmdbSnapshot implements StoreSnapshot {
  readonly #rows: Rows;
  readonly #seal: RowSeal;
  readonly #transaction: ReadTransaction;
  readonly #onDispose: (snapshot: LmdbSnapshot) => void;
  #disposed = false;

  constructor(deps: {
    readonly rows: Rows;
    readonly seal: RowSeal;
    readonly transaction: ReadTransaction;
    readonly onDispose: (snapshot: LmdbSnapshot) => void;
  }) {
    this.#rows = deps.rows;
    this.#seal = deps.seal;
    this.#transaction = deps.transaction;
    this.#onDispose = deps.onDispose;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#assertThere();
    return this.#get(key);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#assertThere();
    return keys.map((key) => this.#get(key));
  }

  async range(
    range: KeyRange,
    options: { readonly limit: number; readonly reverse: boolean },
  ): Promise<readonly KeyValue[]> {
    this.#assertThere();
    try {
      return this.#rowsIn(range, options);
    } catch (error) {
      throw storeFailure(error);
    }
  }

  /** Copies, in order. */
  keysIn(range: KeyRange): readonly Uint8Array[] {
    this.#assertThere();
    const limit = Number.MAX_SAFE_INTEGER;
    const options = bounds(range, { limit, reverse: false, transaction: this.#transaction });
    return [...this.#rows.getKeys(options)].map((key) => plain(key)!);
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#transaction.done();
    this.#onDispose(this);
  }

  #get(key: Uint8Array): Uint8Array | undefined {
    try {
      const row = plain(getBinary(this.#rows, key, this.#transaction));
      return row === undefined ? undefined : this.#seal.open(row, key);
    } catch (error) {
      throw storeFailure(error);
    }
  }

  #rowsIn(
    range: KeyRange,
    options: { readonly limit: number; readonly reverse: boolean },
  ): readonly KeyValue[] {
    const found: KeyValue[] = [];
    const scan = bounds(range, { ...options, transaction: this.#transaction });
    for (const { key: stored, value: row } of this.#rows.getRange(scan)) {
      const key = plain(stored)!;
      found.push({ key, value: this.#seal.open(plain(row)!, key) });
    }
    return found;
  }

  #assertThere(): void {
    assert(!this.#disposed, "a snapshot was read after it was disposed of");
  }
}

interface ScanOptions {
  readonly limit: number;
  readonly reverse: boolean;
  readonly transaction: ReadTransaction;
}

/** Keys below this one are empty, of which there are none. */
const LEAST_KEY: Readonly<Uint8Array> = Uint8Array.of(0);

function bounds({ begin, end }: KeyRange, { limit, reverse, transaction }: ScanOptions): object {
  const least = begin.length === 0 ? LEAST_KEY : begin;
  // What is above the least key bound is not in the range; an end that is no key is below all of them.
  const most = end.length === 0 ? LEAST_KEY : end;
  if (!reverse) return { start: least, end: most, limit, transaction };
  return { start: most, exclusiveStart: true, end: least, inclusiveEnd: true, reverse, limit, transaction };
}

/** Not a `Buffer`, whose `slice` is a view, and not in memory that it shares. */
export function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined) return undefined;
  return bytes.length === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}

/** The types leave out that reads take a transaction here too. */
function getBinary(rows: Rows, key: Uint8Array, transaction: ReadTransaction): Uint8Array | undefined {
  const { getBinary: get } = rows as unknown as {
    readonly getBinary: (
      key: Uint8Array,
      options: { readonly transaction: ReadTransaction },
    ) => Uint8Array | undefined;
  };
  return get.call(rows, key, { transaction });
}
