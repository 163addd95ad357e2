/** The way from a directory up to the root, read with conflicts: it does not change before the commit. */
import type { InodeId } from "../../ids.ts";
import { ROOT_INODE } from "../../ids.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import { type Asked, refused } from "../access/permissions.ts";
import type { DirectoryInode } from "../model/inode.ts";
import { parentOf } from "./walk.ts";

/** Throws `EINVAL` if `directory` is `ancestor` or below it, and `ENOENT` if it is in a tree that was removed. */
export async function requireNotBelow(
  transaction: ReadTransaction,
  directory: DirectoryInode,
  ancestor: InodeId,
  asked: Asked,
): Promise<void> {
  let here = directory;
  for (;;) {
    if (here.id === ancestor) throw refused("EINVAL", asked, "a directory cannot go below itself");
    if (here.id === ROOT_INODE) return;
    here = await parentOf(transaction, here, asked);
  }
}
