/** Makes a file without a name (`O_TMPFILE`). It goes when nobody has it open, unless it was given a name by then. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { struct, u16 } from "../../wire/codec/index.ts";
import { requireAdding } from "../access/entry-rules.ts";
import { refused } from "../access/permissions.ts";
import { newFile } from "../inodes/new-inode.ts";
import { requireRoom } from "../inodes/quota.ts";
import { asDirectory, requireInodeRow } from "../inodes/reads.ts";
import { addInode } from "../inodes/writes.ts";
import { type FileInode, INODE_FLAG, type Inode } from "../model/inode.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { putGarbage } from "../rows/garbage-row.ts";
import { inodeCodec } from "../rows/inode-row.ts";

export interface TmpfileQuestion extends MutationHeader {
  /** Whose layout, quota and group it has. */
  readonly directory: InodeId;
  readonly mode: number;
}

export interface TmpfileAnswer {
  readonly inode: Inode;
}

export const tmpfile: Operation<TmpfileQuestion, TmpfileAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 6,
    name: "tmpfile",
    question: struct({ ...mutationFields, directory: inodeIdCodec, mode: u16 }),
    answer: struct({ inode: inodeCodec }),
  }),
  async run({ transaction, user, nowNs, deps, signal }, { directory: parent, mode, client }) {
    const asked = { operation: "tmpfile", subject: `inode ${parent}` };
    const directory = asDirectory(await requireInodeRow(transaction, parent, asked), asked);
    requireAdding({ user, client }, directory, asked);
    if (deps.space.full) throw refused("ENOSPC", asked);
    await requireRoom(transaction, directory.quota, { inodes: 1n }, asked);
    const id = await deps.inodeIds.take({ signal });
    const file = newFile(
      { id, user, directory, mode, nowNs },
      deps.layouts.layoutFor(directory.layout, "tmpfile"),
    );
    const inode: FileInode = { ...file, nlink: 0, flags: INODE_FLAG.nameless };
    addInode(transaction, inode);
    putGarbage(transaction, {
      inode: id,
      dataVersion: inode.dataVersion,
      dueMs: Number(nowNs / 1_000_000n) + deps.settings.garbageDelayMs,
      garbage: { kind: "file" },
    });
    return { inode };
  },
});
