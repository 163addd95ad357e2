/** The way from a directory up to the root, read with conflicts: it does not change before the commit. */
import { type InodeId, ROOT_INODE } from "../../ids.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import type { Asked } from "../access/permissions.ts";
import { DETACHED, type DirectoryInode } from "../model/inode.ts";
import { parentOf } from "./walk.ts";

/** `detached`: in a tree that was removed, and not below `ancestor` there. */
export type Relation = "below" | "apart" | "detached";

/** How a directory stands to another: it is `below` if it is the other or somewhere in it. */
export async function relationTo(
  transaction: ReadTransaction,
  directory: DirectoryInode,
  ancestor: InodeId,
  asked: Asked,
): Promise<Relation> {
  let here = directory;
  for (;;) {
    if (here.id === ancestor) return "below";
    if (here.id === ROOT_INODE) return "apart";
    if (here.parent === DETACHED) return "detached";
    here = await parentOf(transaction, here, asked);
  }
}
