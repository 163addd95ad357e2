/** Sets an extended attribute. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { bytes, nothing, struct, text, word } from "../../wire/codec/index.ts";
import { refused } from "../access/permissions.ts";
import { checkXattrName, requireXattrWriting } from "../access/xattr-rules.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import { putInode } from "../inodes/writes.ts";
import { readXattrs, type Xattr } from "../inodes/xattrs.ts";
import { META_LIMITS } from "../model/limits.ts";
import { PATH_WIRE_BYTES_MAX, utf8Bytes } from "../model/names.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { xattrKey } from "../rows/keys.ts";

export interface SetXattrQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly name: string;
  readonly value: Uint8Array;
  /** `create`: one that is there is `EEXIST`. `replace`: one that is missing is `ENODATA`. */
  readonly mode: "any" | "create" | "replace";
}

/** `E2BIG` for a value above 64 KiB, `ENOSPC` when all attributes together would be above 256 KiB. */
export const setXattr: Operation<SetXattrQuestion, undefined> = mutation({
  method: metaMethod({
    number: 21,
    name: "setXattr",
    question: struct({
      ...mutationFields,
      inode: inodeIdCodec,
      name: text(PATH_WIRE_BYTES_MAX),
      // One that is too large gets its own error.
      value: bytes(2 * META_LIMITS.xattrValueBytesMax),
      mode: word(["any", "create", "replace"]),
    }),
    answer: nothing,
  }),
  check({ name, value }) {
    checkXattrName(name, "setXattr");
    if (value.length > META_LIMITS.xattrValueBytesMax) {
      throw refused("E2BIG", { operation: "setXattr", subject: name });
    }
  },
  async run({ transaction, user, nowNs }, { inode: id, name, value, mode }) {
    const asked = { operation: "setXattr", subject: name };
    const inode = await requireInodeRow(transaction, id, asked);
    requireXattrWriting(user, inode, name, asked);
    const all = await readXattrs(transaction, id);
    const others = all.filter((each) => each.name !== name);
    const isThere = others.length < all.length;
    if (mode === "create" && isThere) throw refused("EEXIST", asked);
    if (mode === "replace" && !isThere) throw refused("ENODATA", asked);
    const bytesAfter = [...others, { name, value }].reduce((sum, each) => sum + sizeOf(each), 0);
    if (bytesAfter > META_LIMITS.xattrBytesMax) {
      throw refused(
        "ENOSPC",
        asked,
        `attributes of one inode have ${META_LIMITS.xattrBytesMax} bytes at most`,
      );
    }
    transaction.set(xattrKey(id, name), value);
    putInode(transaction, { ...inode, ctimeNs: nowNs });
    return undefined;
  },
});

function sizeOf({ name, value }: Xattr): number {
  return utf8Bytes(name) + value.length;
}
