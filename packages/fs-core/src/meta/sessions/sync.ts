/** Tells how far a client has written, and gives it a capability for longer. */
import { type InodeId, inodeIdCodec, type SessionId, sessionIdCodec } from "../../ids.ts";
import { CAPABILITY_BYTES_MAX } from "../../service/capability.ts";
import { bool, bytes, struct } from "../../wire/codec/index.ts";
import { putInode } from "../inodes/writes.ts";
import type { Inode } from "../model/inode.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import type { SessionDeps } from "./deps.ts";
import { grantTo } from "./grant.ts";
import { optionalHintCodec, type WriteReport } from "./length-hint.ts";
import { requireSameData, requireSession } from "./open-session.ts";
import { reported } from "./report.ts";

export interface SyncQuestion extends MutationHeader, WriteReport {
  readonly inode: InodeId;
  readonly session: SessionId;
}

export interface SyncAnswer {
  readonly inode: Inode;
  readonly capability: Uint8Array;
}

export const sync: Operation<SyncQuestion, SyncAnswer, SessionDeps> = mutation({
  method: metaMethod({
    number: 106,
    name: "sync",
    question: struct({
      ...mutationFields,
      inode: inodeIdCodec,
      session: sessionIdCodec,
      wrote: bool,
      hint: optionalHintCodec,
    }),
    answer: struct({ inode: inodeCodec, capability: bytes(CAPABILITY_BYTES_MAX) }),
  }),
  async run(context, question) {
    const { transaction, deps, signal } = context;
    const asked = { operation: "sync", subject: `inode ${question.inode}` };
    const open = await requireSession(transaction, question, question.client, asked);
    requireSameData(open, asked);
    const file = await reported(context, open.file, question);
    if (file !== open.file) putInode(transaction, file);
    const [seen] = await deps.lengths.settle(transaction, [open.file], { signal });
    const length = seen !== undefined && seen.length > file.length ? seen.length : file.length;
    const capability = grantTo(context, file, { ...question, read: open.row.read, write: true });
    return { inode: { ...file, length }, capability };
  },
});
