/** Where the trash is: `/trash/<uid>`, with one more for each quota, since nothing moves from one quota to another. */
import { type InodeId, ROOT_INODE } from "../../../ids.ts";
import type { Transaction } from "../../../metastore/transaction.ts";
import { type Asked, refused } from "../../access/permissions.ts";
import { asDirectory, readEntryInode, readPlace } from "../../inodes/reads.ts";
import { addInode, putEntry, touchDirectory } from "../../inodes/writes.ts";
import type { DirectoryInode } from "../../model/inode.ts";
import type { InodeIdSource } from "../../namespace-deps.ts";

export const TRASH_NAME = "trash";

export function trashOf(uid: number, quota: number): string {
  return quota === 0 ? `${uid}` : `${uid}-quota-${quota}`;
}

interface Making {
  readonly transaction: Transaction;
  readonly inodeIds: InodeIdSource;
  readonly nowNs: bigint;
  readonly asked: Asked;
}

/** The user's trash for a quota, made where it is missing: the user cannot write to the directories above. */
export async function ensureTrash(
  making: Making,
  user: { readonly uid: number; readonly gid: number },
  quota: number,
): Promise<DirectoryInode> {
  const root = { parent: ROOT_INODE, name: TRASH_NAME, mode: 0o755, uid: 0, gid: 0, quota: 0 };
  const trash = await ensureDirectory(making, root);
  const { uid, gid } = user;
  return ensureDirectory(making, {
    parent: trash.id,
    name: trashOf(uid, quota),
    mode: 0o700,
    uid,
    gid,
    quota,
  });
}

interface Wanted {
  readonly parent: InodeId;
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly quota: number;
}

async function ensureDirectory(making: Making, wanted: Wanted): Promise<DirectoryInode> {
  const { transaction, inodeIds, nowNs, asked } = making;
  const { parent, name, mode, uid, gid, quota } = wanted;
  const { directory, entry } = await readPlace(transaction, parent, name, asked);
  if (entry !== undefined) {
    const found = asDirectory(await readEntryInode(transaction, entry), asked);
    // Somebody else's would show what was thrown away.
    if (found.uid !== uid) throw refused("EACCES", asked, `${name} belongs to user ${found.uid}`);
    return found;
  }
  const made: DirectoryInode = {
    kind: "directory",
    id: await inodeIds.take(),
    mode,
    uid,
    gid,
    nlink: 2,
    atimeNs: nowNs,
    mtimeNs: nowNs,
    ctimeNs: nowNs,
    birthNs: nowNs,
    flags: 0,
    quota,
    parent: directory.id,
    layout: directory.layout,
    lock: undefined,
  };
  addInode(transaction, made);
  putEntry(transaction, directory.id, name, made);
  touchDirectory(transaction, directory.id, nowNs, 1);
  return made;
}
