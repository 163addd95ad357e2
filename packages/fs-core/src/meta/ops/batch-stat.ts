/** Many inodes by their ids, all as of one moment. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { list, optional, struct } from "../../wire/codec/index.ts";
import { readInodeRows } from "../inodes/reads.ts";
import { toldAll } from "../inodes/told.ts";
import type { Inode } from "../model/inode.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { metaMethod, type Operation, type QuestionHeader, query, questionFields } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";

/** Inodes in one question. */
export const BATCH_STAT_MAX: number = 1000;

export interface BatchStatQuestion extends QuestionHeader {
  readonly inodes: readonly InodeId[];
}

export interface BatchStatAnswer {
  /** In the order of the question; nothing for one that is gone. */
  readonly inodes: readonly (Inode | undefined)[];
}

export const batchStat: Operation<BatchStatQuestion, BatchStatAnswer, NamespaceDeps> = query({
  method: metaMethod({
    number: 3,
    name: "batchStat",
    question: struct({ ...questionFields, inodes: list(inodeIdCodec, BATCH_STAT_MAX) }),
    answer: struct({ inodes: list(optional(inodeCodec), BATCH_STAT_MAX) }),
  }),
  async run(context, { inodes: ids }) {
    return { inodes: await toldAll(context, await readInodeRows(context.transaction, ids)) };
  },
});
