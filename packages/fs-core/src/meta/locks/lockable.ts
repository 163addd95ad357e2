/** Who may lock what: whoever could open it, so that nobody is kept waiting by somebody without any right to a file. */
import type { ClientId, InodeId } from "../../ids.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import type { UserIdentity } from "../../wire/rpc/method.ts";
import { allows, MAY, owns, refused } from "../access/permissions.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import type { LockOwner } from "./lock.ts";

/** Throws `ESTALE`, `EACCES`, or `EINVAL` for what is neither a file nor a directory. */
export async function requireLockable(
  transaction: ReadTransaction,
  user: UserIdentity,
  id: InodeId,
): Promise<void> {
  const asked = { operation: "lock", subject: `inode ${id}` };
  const inode = await requireInodeRow(transaction, id, asked);
  if (inode.kind !== "file" && inode.kind !== "directory") {
    throw refused("EINVAL", asked, `it is a ${inode.kind}`);
  }
  const mayOpen = allows(user, inode, MAY.read) || allows(user, inode, MAY.write);
  if (!mayOpen && !owns(user, inode)) throw refused("EACCES", asked);
}

/** Throws `EINVAL` if the owner is not the client's own. */
export function requireOwnLocks(client: ClientId, inode: InodeId, owner: LockOwner): void {
  if (owner.client === client) return;
  const asked = { operation: "lock", subject: `inode ${inode}` };
  throw refused("EINVAL", asked, "the owner belongs to another client");
}
