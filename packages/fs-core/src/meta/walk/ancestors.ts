/** The way from a directory up to the root, read with conflicts: it does not change before the commit. */
import { type InodeId, ROOT_INODE } from "../../ids.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import type { Asked } from "../access/permissions.ts";
import type { DirectoryInode } from "../model/inode.ts";
import { parentOf } from "./walk.ts";

/** Whether `directory` is `ancestor` or below it. Throws `ENOENT` if it is in a tree that was removed. */
export async function isBelow(
  transaction: ReadTransaction,
  directory: DirectoryInode,
  ancestor: InodeId,
  asked: Asked,
): Promise<boolean> {
  let here = directory;
  for (;;) {
    if (here.id === ancestor) return true;
    if (here.id === ROOT_INODE) return false;
    here = await parentOf(transaction, here, asked);
  }
}
