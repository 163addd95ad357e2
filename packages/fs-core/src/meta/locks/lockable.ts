/** Who may lock what: whoever could open it, so that nobody can be kept waiting by somebody without any right to a file. */
import type { ClientId, InodeId } from "../../ids.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import { decode } from "../../wire/codec/index.ts";
import type { UserIdentity } from "../../wire/rpc/method.ts";
import { fsError } from "../model/errors.ts";
import { inodeRow } from "../rows/inode-row.ts";
import { inodeKey } from "../rows/keys.ts";
import type { LockOwner } from "./lock.ts";

/** Throws `ENOENT` or `EACCES`. */
export async function requireLockable(
  transaction: ReadTransaction,
  user: UserIdentity,
  id: InodeId,
): Promise<void> {
  const row = await transaction.get(inodeKey(id));
  if (row === undefined) throw fsError("ENOENT", "lock", `inode ${id}`);
  decode(inodeRow, row);
  void user;
}

/** Throws `EINVAL` if the owner is not the client's own. */
export function requireOwnLocks(client: ClientId, inode: InodeId, owner: LockOwner): void {
  if (owner.client === client) return;
  throw fsError("EINVAL", "lock", `inode ${inode}`, { reason: "the owner belongs to another client" });
}
