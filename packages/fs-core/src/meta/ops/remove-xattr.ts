/** Takes an extended attribute away. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { nothing, struct, text } from "../../wire/codec/index.ts";
import { refused } from "../access/permissions.ts";
import { checkXattrName, requireXattrWriting } from "../access/xattr-rules.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import { putInode } from "../inodes/writes.ts";
import { PATH_WIRE_BYTES_MAX } from "../model/names.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { xattrKey } from "../rows/keys.ts";

export interface RemoveXattrQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly name: string;
}

/** `ENODATA` when there is none. */
export const removeXattr: Operation<RemoveXattrQuestion, undefined> = mutation({
  frees: true,
  method: metaMethod({
    number: 22,
    name: "removeXattr",
    question: struct({ ...mutationFields, inode: inodeIdCodec, name: text(PATH_WIRE_BYTES_MAX) }),
    answer: nothing,
  }),
  check: ({ name }) => checkXattrName(name, "removeXattr"),
  async run({ transaction, user, nowNs }, { inode: id, name }) {
    const asked = { operation: "removeXattr", subject: name };
    const [inode, value] = await Promise.all([
      requireInodeRow(transaction, id, asked),
      transaction.get(xattrKey(id, name)),
    ]);
    requireXattrWriting(user, inode, name, asked);
    if (value === undefined) throw refused("ENODATA", asked);
    transaction.clear(xattrKey(id, name));
    putInode(transaction, { ...inode, ctimeNs: nowNs });
    return undefined;
  },
});
