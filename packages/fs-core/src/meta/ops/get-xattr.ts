/** The value of an extended attribute. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { bytes, struct, text } from "../../wire/codec/index.ts";
import { refused } from "../access/permissions.ts";
import { checkXattrName, requireXattrReading } from "../access/xattr-rules.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import { META_LIMITS } from "../model/limits.ts";
import { PATH_WIRE_BYTES_MAX } from "../model/names.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { xattrKey } from "../rows/keys.ts";

export interface GetXattrQuestion extends QuestionHeader {
  readonly inode: InodeId;
  readonly name: string;
}

export interface GetXattrAnswer {
  readonly value: Uint8Array;
}

/** `ENODATA` when there is none. */
export const getXattr: Operation<GetXattrQuestion, GetXattrAnswer> = query({
  method: metaMethod({
    number: 19,
    name: "getXattr",
    question: struct({ ...questionFields, inode: inodeIdCodec, name: text(PATH_WIRE_BYTES_MAX) }),
    answer: struct({ value: bytes(META_LIMITS.xattrValueBytesMax) }),
  }),
  check: ({ name }) => checkXattrName(name, "getXattr"),
  async run({ transaction, user }, { inode: id, name }) {
    const asked = { operation: "getXattr", subject: name };
    const [inode, value] = await Promise.all([
      requireInodeRow(transaction, id, asked),
      transaction.get(xattrKey(id, name)),
    ]);
    requireXattrReading(user, inode, name, asked);
    if (value === undefined) throw refused("ENODATA", asked);
    return { value };
  },
});
