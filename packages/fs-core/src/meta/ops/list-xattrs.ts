/** The names of an inode's extended attributes, those that the user may know of. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { list, struct, text } from "../../wire/codec/index.ts";
import { isListed } from "../access/xattr-rules.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import { readXattrs } from "../inodes/xattrs.ts";
import { META_LIMITS } from "../model/limits.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";

export interface ListXattrsQuestion extends QuestionHeader {
  readonly inode: InodeId;
}

export interface ListXattrsAnswer {
  /** In the order of their bytes. */
  readonly names: readonly string[];
}

export const listXattrs: Operation<ListXattrsQuestion, ListXattrsAnswer> = query({
  method: metaMethod({
    number: 20,
    name: "listXattrs",
    question: struct({ ...questionFields, inode: inodeIdCodec }),
    // A name has a letter after its dot at least, and all of them together have a limit.
    answer: struct({ names: list(text(META_LIMITS.xattrNameBytesMax), META_LIMITS.xattrBytesMax / 6) }),
  }),
  async run({ transaction, user }, { inode: id }) {
    await requireInodeRow(transaction, id, { operation: "listXattrs", subject: `inode ${id}` });
    const all = await readXattrs(transaction, id);
    return { names: all.map(({ name }) => name).filter((name) => isListed(user, name)) };
  },
});
