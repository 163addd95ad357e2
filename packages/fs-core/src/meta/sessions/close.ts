/**
 * Ends a session. With the last one the length in the inode is the file's, and a file that has no name any more goes to
 * the collector. The owner's locks are given up by `releaseLocks`, which asks for no session.
 */
import { type InodeId, inodeIdCodec, type SessionId, sessionIdCodec } from "../../ids.ts";
import type { Transaction } from "../../metastore/transaction.ts";
import { bool, struct } from "../../wire/codec/index.ts";
import { putInode } from "../inodes/writes.ts";
import type { FileInode, Inode } from "../model/inode.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { putGarbage } from "../rows/garbage-row.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { appendKey } from "../rows/keys.ts";
import type { SessionDeps } from "./deps.ts";
import { optionalHintCodec, type WriteReport } from "./length-hint.ts";
import { requireSession } from "./open-session.ts";
import { reported } from "./report.ts";
import { dropSession, type SessionName, sessionsOf } from "./session-row.ts";

export interface CloseQuestion extends MutationHeader, WriteReport {
  readonly inode: InodeId;
  readonly session: SessionId;
}

export interface CloseAnswer {
  /** With the length that its own writes came to; others may be writing. */
  readonly inode: Inode;
}

export const close: Operation<CloseQuestion, CloseAnswer, Pick<SessionDeps, "lengths">> = mutation({
  frees: true,
  method: metaMethod({
    number: 107,
    name: "close",
    question: struct({
      ...mutationFields,
      inode: inodeIdCodec,
      session: sessionIdCodec,
      wrote: bool,
      hint: optionalHintCodec,
    }),
    answer: struct({ inode: inodeCodec }),
  }),
  async run(context, question) {
    const { transaction, nowNs } = context;
    const asked = { operation: "close", subject: `inode ${question.inode}` };
    const { file, row } = await requireSession(transaction, question, question.client, asked);
    const current = row.dataVersion === file.dataVersion;
    const told = current ? await reported(context, file, question) : file;
    dropSession(transaction, question, row.client);
    const inode = await withoutSession(transaction, told, question, nowNs);
    if (inode !== file) putInode(transaction, inode);
    return { inode };
  },
});

/** The file as it is without that session, which the caller drops. The caller writes the inode if it is another. */
export async function withoutSession(
  transaction: Transaction,
  file: FileInode,
  { session }: SessionName,
  nowNs: bigint,
): Promise<FileInode> {
  const others = (await sessionsOf(transaction, file.id, 2)).filter((other) => other.session !== session);
  if (others.length > 0) return file;
  transaction.clear(appendKey(file.id));
  if (file.nlink === 0) {
    putGarbage(transaction, {
      inode: file.id,
      dataVersion: file.dataVersion,
      dueMs: Number(nowNs / 1_000_000n),
      garbage: { kind: "file" },
    });
  }
  return { ...file, written: false };
}
