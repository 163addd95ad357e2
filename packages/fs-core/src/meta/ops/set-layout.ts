/** Says where files that will be made in a directory lie; those that are there stay where they are. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { struct } from "../../wire/codec/index.ts";
import { refused, requireChangeable, requireOwner } from "../access/permissions.ts";
import { asDirectory, requireInodeRow } from "../inodes/reads.ts";
import { told } from "../inodes/told.ts";
import { putInode } from "../inodes/writes.ts";
import type { Inode, LayoutChoice } from "../model/inode.ts";
import { META_LIMITS } from "../model/limits.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { inodeCodec, layoutChoiceCodec } from "../rows/inode-row.ts";
import { isChunkBytes } from "../settings.ts";

export interface SetLayoutQuestion extends MutationHeader {
  readonly directory: InodeId;
  /** What is missing comes from the service's settings. */
  readonly layout: LayoutChoice;
}

export interface SetLayoutAnswer {
  readonly inode: Inode;
}

export const setLayout: Operation<SetLayoutQuestion, SetLayoutAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 17,
    name: "setLayout",
    question: struct({ ...mutationFields, directory: inodeIdCodec, layout: layoutChoiceCodec }),
    answer: struct({ inode: inodeCodec }),
  }),
  check({ directory, layout: { chunkBytes, stripe } }) {
    const asked = { operation: "setLayout", subject: `inode ${directory}` };
    if (chunkBytes !== undefined && !isChunkBytes(chunkBytes)) {
      throw refused("EINVAL", asked, "chunks have a power of two of bytes, from 64 KiB to 64 MiB");
    }
    if (stripe !== undefined && (stripe < 1 || stripe > META_LIMITS.stripeMax)) {
      throw refused("EINVAL", asked, `a stripe has 1 to ${META_LIMITS.stripeMax} chains`);
    }
  },
  async run(context, { directory: id, layout }) {
    const { transaction, user, nowNs, deps } = context;
    const asked = { operation: "setLayout", subject: `inode ${id}` };
    const directory = asDirectory(await requireInodeRow(transaction, id, asked), asked);
    requireOwner(user, directory, asked);
    requireChangeable(directory, asked);
    // Refuses a table that is not there.
    deps.layouts.layoutFor(layout, "setLayout");
    const inode = { ...directory, layout, ctimeNs: nowNs };
    putInode(transaction, inode);
    return { inode: await told(context, inode) };
  },
});
