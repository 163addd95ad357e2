/**
 * Clients that were given up. The row is written before the first of their sessions or locks is taken away, and every
 * question that would make another reads it with a conflict: a client that comes back must begin anew, under another id.
 */
import type { ClientId } from "../../ids.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import { type Codec, varint } from "../../wire/codec/index.ts";
import { fsError } from "../model/errors.ts";
import { versioned } from "../rows/inode-row.ts";
import { revokedClientKey } from "../rows/keys.ts";

/** When it was given up, by the wall clock; the row may be forgotten long after no message can be on its way. */
export const revokedClientRow: Codec<number> = versioned(1, varint);

/** Throws `ESTALE` if the client was given up. */
export async function requireLiveClient(
  transaction: ReadTransaction,
  client: ClientId,
  operation: string,
): Promise<void> {
  if ((await transaction.get(revokedClientKey(client))) === undefined) return;
  throw fsError("ESTALE", operation, `client ${client}`, {
    reason: "the client was silent for too long, and its sessions and locks were taken away",
    hint: "connect again, and open files again",
  });
}
