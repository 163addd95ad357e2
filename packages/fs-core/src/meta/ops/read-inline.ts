/** The bytes of a small file that stand beside its inode. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { bytes, optional, struct } from "../../wire/codec/index.ts";
import { MAY, refused, requireAccess } from "../access/permissions.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import { told } from "../inodes/told.ts";
import type { Inode } from "../model/inode.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { inlineKey } from "../rows/keys.ts";
import { WRITE_FILE_BYTES_MAX } from "./write-file.ts";

export interface ReadInlineQuestion extends QuestionHeader {
  readonly inode: InodeId;
}

export interface ReadInlineAnswer {
  /** As of the same moment as the bytes. */
  readonly inode: Inode;
  /** All of the file; nothing if its bytes lie on chains, or do by now. */
  readonly bytes: Uint8Array | undefined;
}

export const readInline: Operation<ReadInlineQuestion, ReadInlineAnswer, NamespaceDeps> = query({
  method: metaMethod({
    number: 24,
    name: "readInline",
    question: struct({ ...questionFields, inode: inodeIdCodec }),
    answer: struct({ inode: inodeCodec, bytes: optional(bytes(WRITE_FILE_BYTES_MAX)) }),
  }),
  async run(context, { inode: id }) {
    const { transaction, user } = context;
    const asked = { operation: "readInline", subject: `inode ${id}` };
    const [inode, content] = await Promise.all([
      requireInodeRow(transaction, id, asked),
      transaction.get(inlineKey(id)),
    ]);
    if (inode.kind !== "file") throw refused(inode.kind === "directory" ? "EISDIR" : "EINVAL", asked);
    requireAccess(user, inode, MAY.read, asked);
    const isInline = inode.inline && content !== undefined;
    return { inode: await told(context, inode), bytes: isInline ? content : undefined };
  },
});
