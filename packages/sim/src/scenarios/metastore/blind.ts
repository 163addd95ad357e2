/** A metastore that forgets what its transactions read: nothing ever conflicts. For canaries. */
import type { Metastore, Transaction } from "@smallpond/fs-core";

export function blind(metastore: Metastore): Metastore {
  return {
    begin: async (options) => unread(await metastore.begin(options)),
    transact: (body, options) => metastore.transact((transaction) => body(unread(transaction)), options),
  };
}

function unread(transaction: Transaction): Transaction {
  return {
    get: (key) => transaction.get(key, { snapshot: true }),
    getMany: (keys) => transaction.getMany(keys, { snapshot: true }),
    range: (range, options) => transaction.range(range, { ...options, snapshot: true }),
    addReadConflict: () => {},
    addReadConflictRange: () => {},
    set: (key, value) => transaction.set(key, value),
    clear: (key) => transaction.clear(key),
    clearRange: (range) => transaction.clearRange(range),
    setVersionstamped: (key, value) => transaction.setVersionstamped(key, value),
    add: (key, delta) => transaction.add(key, delta),
    max: (key, value) => transaction.max(key, value),
    commit: (options) => transaction.commit(options),
    cancel: () => transaction.cancel(),
  };
}
