/** `truncate(2)` and `ftruncate(2)`: gives a file another length. */
import { type InodeId, inodeIdCodec, type SessionId, sessionIdCodec } from "../../ids.ts";
import { optional, struct, u64 } from "../../wire/codec/index.ts";
import { type Asked, MAY, refused, requireAccess, requireChangeable } from "../access/permissions.ts";
import { requireRoom } from "../inodes/quota.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import { charge, putInode } from "../inodes/writes.ts";
import type { FileInode, Inode } from "../model/inode.ts";
import { META_LIMITS } from "../model/limits.ts";
import {
  type MutationHeader,
  metaMethod,
  mutation,
  mutationFields,
  type Operation,
  type OperationContext,
} from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { inlineKey } from "../rows/keys.ts";
import { cut } from "./cut.ts";
import { emptied } from "./data-version.ts";
import type { SessionDeps } from "./deps.ts";
import { requireSameData, requireSession } from "./open-session.ts";

export interface TruncateQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly length: bigint;
  /** Through an open file, which needs no permission any more. */
  readonly session: SessionId | undefined;
}

export interface TruncateAnswer {
  readonly inode: Inode;
}

export const truncate: Operation<TruncateQuestion, TruncateAnswer, SessionDeps> = mutation({
  method: metaMethod({
    number: 109,
    name: "truncate",
    question: struct({
      ...mutationFields,
      inode: inodeIdCodec,
      length: u64,
      session: optional(sessionIdCodec),
    }),
    answer: struct({ inode: inodeCodec }),
  }),
  check: ({ inode, length }) => {
    if (length > META_LIMITS.fileBytesMax) {
      throw refused("EFBIG", { operation: "truncate", subject: `inode ${inode}` });
    }
  },
  async run(context, question) {
    const asked = { operation: "truncate", subject: `inode ${question.inode}` };
    const file = await truncatable(context, question, asked);
    const inode = file.inline
      ? await inlineTo(context, file, question.length, asked)
      : await chunksTo(context, file, question.length, asked);
    putInode(context.transaction, inode);
    return { inode };
  },
});

type Context = OperationContext<SessionDeps>;

async function truncatable(
  { transaction, user }: Context,
  question: TruncateQuestion,
  asked: Asked,
): Promise<FileInode> {
  const { inode: id, session, client } = question;
  if (session !== undefined) {
    const open = await requireSession(transaction, { inode: id, session }, client, asked);
    requireSameData(open, asked);
    requireChangeable(open.file, asked);
    return open.file;
  }
  const inode = await requireInodeRow(transaction, id, asked);
  if (inode.kind === "directory") throw refused("EISDIR", asked);
  if (inode.kind !== "file") throw refused("EINVAL", asked, `it is a ${inode.kind}`);
  requireAccess(user, inode, MAY.write, asked);
  requireChangeable(inode, asked);
  return inode;
}

async function inlineTo(context: Context, file: FileInode, length: bigint, asked: Asked): Promise<FileInode> {
  const { transaction, deps, signal } = context;
  if (length > BigInt(deps.settings.inlineBytesMax)) {
    // That changes the row: this try will not commit, and the next one finds chunks.
    await deps.spiller.spill(file.id, { signal });
    return file;
  }
  const content = new Uint8Array(Number(length));
  const old = (await transaction.get(inlineKey(file.id))) ?? new Uint8Array(0);
  content.set(old.subarray(0, content.length));
  transaction.set(inlineKey(file.id), content);
  return grown(context, file, length, asked);
}

async function chunksTo(context: Context, file: FileInode, length: bigint, asked: Asked): Promise<FileInode> {
  const { transaction, nowNs, deps, signal } = context;
  if (file.truncating) await deps.lengths.endTruncation(file, { signal });
  if (!file.written && length === 0n && file.length > 0n) return emptied(transaction, file, nowNs);
  const measured = file.written ? await deps.lengths.measure(file, { signal }) : 0n;
  const now = measured > file.length ? measured : file.length;
  return length < now ? cut(context, file, length) : grown(context, file, length, asked);
}

/** What is new reads as zeros. */
async function grown(
  { transaction, nowNs }: Context,
  file: FileInode,
  length: bigint,
  asked: Asked,
): Promise<FileInode> {
  const more = length - file.length;
  if (more > 0n) await requireRoom(transaction, file.quota, { bytes: more }, asked);
  charge(transaction, file.quota, { bytes: more });
  return { ...file, length, mtimeNs: nowNs, ctimeNs: nowNs };
}
