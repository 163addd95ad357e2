/** Where a check reads from: all rows as of one moment, or as they are while it goes through them. */
import { assert, type SignalOptions } from "@smallpond/base";
import { afterKey } from "../../metastore/keys.ts";
import type { KeyRange, KeyValue, StoreSnapshot } from "../../metastore/ordered-store.ts";
import type { Metastore } from "../../metastore/transaction.ts";

export interface FsckSource {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** All rows of a range in order, some at a time. */
  pages(range: KeyRange): AsyncIterable<readonly KeyValue[]>;
}

const PAGE = 1000;

/** Each page in a transaction of its own: what changes meanwhile may look wrong, see `checkLive`. */
export function liveSource(metastore: Metastore, options: SignalOptions = {}): FsckSource {
  return {
    get: (key) => metastore.transact((transaction) => transaction.get(key), options),
    pages: (range) =>
      pagesOf(range, ({ begin, end }) =>
        metastore.transact(async (transaction) => {
          const page = await transaction.range({ begin, end }, { limit: PAGE, snapshot: true });
          return page.entries;
        }, options),
      ),
  };
}

/** All as of the snapshot, which the caller disposes of. */
export function snapshotSource(snapshot: StoreSnapshot): FsckSource {
  return {
    get: (key) => snapshot.get(key),
    pages: (range) => pagesOf(range, (rest) => snapshot.range(rest, { limit: PAGE, reverse: false })),
  };
}

async function* pagesOf(
  range: KeyRange,
  read: (range: KeyRange) => Promise<readonly KeyValue[]>,
): AsyncIterable<readonly KeyValue[]> {
  let { begin } = range;
  for (;;) {
    const page = await read({ begin, end: range.end });
    assert(page.length <= PAGE, "a page has too many rows");
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    begin = afterKey(last.key);
  }
}
