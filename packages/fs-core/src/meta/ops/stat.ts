/** An inode by its id. As with an open file, no permission is needed. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { struct } from "../../wire/codec/index.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import { told } from "../inodes/told.ts";
import type { Inode } from "../model/inode.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";

export interface StatQuestion extends QuestionHeader {
  readonly inode: InodeId;
}

export interface StatAnswer {
  readonly inode: Inode;
}

/** `ESTALE` when it is gone. */
export const stat: Operation<StatQuestion, StatAnswer, NamespaceDeps> = query({
  method: metaMethod({
    number: 2,
    name: "stat",
    question: struct({ ...questionFields, inode: inodeIdCodec }),
    answer: struct({ inode: inodeCodec }),
  }),
  async run(context, { inode: id }) {
    const inode = await requireInodeRow(context.transaction, id, {
      operation: "stat",
      subject: `inode ${id}`,
    });
    return { inode: await told(context, inode) };
  },
});
