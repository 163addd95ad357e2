/** Finds the clients that have sessions or locks, without reading all of their rows. */
import { toHex } from "@smallpond/base";
import type { ClientId } from "../../ids.ts";
import { afterPrefix, compareKeys, key } from "../../metastore/keys.ts";
import type { KeyRange } from "../../metastore/ordered-store.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";

/** Clients are shared out by the first four bits of their ids, which are random. */
export const CLIENT_SHARDS = 16;

const TABLES = ["CSES", "CLCK"] as const;
const CLIENT_BYTES = 16;

/** Up to `limit` clients of a shard in order, from after one on. */
export async function clientsWithRows(
  transaction: ReadTransaction,
  shard: number,
  options: { readonly after: ClientId | undefined; readonly limit: number },
): Promise<readonly ClientId[]> {
  const found = await Promise.all(TABLES.map((table) => clientsOf(transaction, table, shard, options)));
  return [...new Set(found.flat())].sort().slice(0, options.limit);
}

async function clientsOf(
  transaction: ReadTransaction,
  table: string,
  shard: number,
  { after, limit }: { readonly after: ClientId | undefined; readonly limit: number },
): Promise<readonly ClientId[]> {
  let { begin, end } = shardRange(table, shard);
  if (after !== undefined) begin = later(begin, afterPrefix(key(table, fromClient(after))));
  const clients: ClientId[] = [];
  while (clients.length < limit && compareKeys(begin, end) < 0) {
    const { entries } = await transaction.range({ begin, end }, { limit: 1, snapshot: true });
    const [first] = entries;
    if (first === undefined) break;
    const client = first.key.slice(table.length, table.length + CLIENT_BYTES);
    clients.push(toHex(client) as ClientId);
    begin = afterPrefix(key(table, client));
  }
  return clients;
}

function shardRange(table: string, shard: number): KeyRange {
  const first = (256 / CLIENT_SHARDS) * shard;
  const last = first + 256 / CLIENT_SHARDS - 1;
  return {
    begin: key(table, Uint8Array.of(first)),
    end: afterPrefix(key(table, Uint8Array.of(last))),
  };
}

function fromClient(client: ClientId): Uint8Array {
  return Uint8Array.from({ length: CLIENT_BYTES }, (_, at) =>
    Number.parseInt(client.slice(2 * at, 2 * at + 2), 16),
  );
}

function later(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareKeys(a, b) > 0 ? a : b;
}
