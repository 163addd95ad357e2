/** A metastore for work that frees rows, or that a cluster cannot live without: it goes on while the store is full. */
import type { Metastore } from "./transaction.ts";

/** The same metastore; what `transact` commits may use the room that a full store keeps back. */
export function withReserve(metastore: Metastore): Metastore {
  return {
    begin: (options) => metastore.begin(options),
    transact: (body, options) => metastore.transact(body, { ...options, reserve: true }),
  };
}
