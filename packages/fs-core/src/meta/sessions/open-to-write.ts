/**
 * Opens a file to be written, and makes it where it is missing and may be made. The session stands in a row until it is
 * closed or revoked; its client chose its name, so that a copy of the question finds it.
 */
import { type SessionId, sessionIdCodec } from "../../ids.ts";
import { CAPABILITY_BYTES_MAX } from "../../service/capability.ts";
import { bool, bytes, optional, struct, u16 } from "../../wire/codec/index.ts";
import type { UserIdentity } from "../../wire/rpc/method.ts";
import {
  type Asked,
  isAppendOnly,
  isImmutable,
  MAY,
  MODE,
  owns,
  refused,
  requireAccess,
} from "../access/permissions.ts";
import { requireRoom } from "../inodes/quota.ts";
import { putInode } from "../inodes/writes.ts";
import type { FileInode, Inode } from "../model/inode.ts";
import {
  type MutationHeader,
  metaMethod,
  mutation,
  mutationFields,
  type Operation,
  type OperationContext,
} from "../operation.ts";
import { create } from "../ops/create.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { cut } from "./cut.ts";
import { emptied } from "./data-version.ts";
import type { SessionDeps } from "./deps.ts";
import { grantTo } from "./grant.ts";
import { askedOf, checkTarget, findTarget, type OpenTarget, openTargetCodec } from "./open-target.ts";
import { putSession, readSession } from "./session-row.ts";

export interface OpenToWriteQuestion extends MutationHeader {
  /** Chosen at random by the client, for this open alone. */
  readonly session: SessionId;
  readonly target: OpenTarget;
  /** Whether it may be read through the same session. */
  readonly read: boolean;
  /** `O_APPEND`: each write asks `reserveAppend` where it goes. */
  readonly append: boolean;
  /** `O_TRUNC`. */
  readonly truncate: boolean;
  /** `O_CREAT`, with the mode of a new file. `exclusive`: an existing one is `EEXIST`, and links are not followed. */
  readonly create: { readonly mode: number; readonly exclusive: boolean } | undefined;
}

export interface OpenToWriteAnswer {
  readonly inode: Inode;
  readonly capability: Uint8Array;
  readonly created: boolean;
}

export const openToWrite: Operation<OpenToWriteQuestion, OpenToWriteAnswer, SessionDeps> = mutation({
  method: metaMethod({
    number: 105,
    name: "openToWrite",
    question: struct({
      ...mutationFields,
      session: sessionIdCodec,
      target: openTargetCodec,
      read: bool,
      append: bool,
      truncate: bool,
      create: optional(struct({ mode: u16, exclusive: bool })),
    }),
    answer: struct({ inode: inodeCodec, capability: bytes(CAPABILITY_BYTES_MAX), created: bool }),
  }),
  check: ({ target }) => checkTarget(target, "open"),
  async run(context, question) {
    const asked = askedOf(question.target, "open");
    const found = await findOrCreate(context, question, asked);
    const { created } = found;
    const file = openable(context.user, found, question, asked);
    const { transaction, deps, signal } = context;
    await requireRoom(transaction, file.quota, { bytes: 1n }, asked);
    if (file.inline && !question.truncate) await deps.spiller.spill(file.id, { signal });
    const opened = question.truncate ? await truncated(context, file) : file;
    const written = { ...withoutPrivileges(context.user, opened), written: true };
    const changes = question.truncate || !file.written || written.mode !== file.mode;
    // Many who open a file that is open already do not get in each other's way.
    if (changes) putInode(transaction, written);
    await addSession(context, question, written, asked);
    const [seen] = await deps.lengths.settle(transaction, question.truncate ? [] : [file], { signal });
    const inode = seen === undefined ? written : { ...written, length: seen.length };
    return { inode, capability: grantTo(context, written, { ...question, write: true }), created };
  },
});

type Context = OperationContext<SessionDeps>;

interface FoundFile {
  readonly inode: Inode;
  readonly created: boolean;
}

async function findOrCreate(
  context: Context,
  question: OpenToWriteQuestion,
  asked: Asked,
): Promise<FoundFile> {
  const { create: making, target } = question;
  const exclusive = making?.exclusive === true;
  const looked = exclusive && target.kind === "place" ? { ...target, noFollow: true } : target;
  const { inode, place } = await found(context, looked, asked, exclusive);
  if (inode !== undefined) {
    if (exclusive) throw refused("EEXIST", asked);
    return { inode, created: false };
  }
  if (making === undefined || place === undefined) throw refused("ENOENT", asked);
  return create.run(context, { ...question, place, kind: "file", mode: making.mode, rdev: 0, exclusive });
}

async function found(
  context: Context,
  target: OpenTarget,
  asked: Asked,
  exclusive: boolean,
): ReturnType<typeof findTarget> {
  try {
    return await findTarget(context, target, asked);
  } catch (error) {
    // Whatever the link leads to, the name is taken.
    if (exclusive && (error as { code?: unknown }).code === "ELOOP") throw refused("EEXIST", asked);
    throw error;
  }
}

/** The file, if this user may open it like that. */
function openable(
  user: UserIdentity,
  { inode, created }: FoundFile,
  { read, append, truncate }: OpenToWriteQuestion,
  asked: Asked,
): FileInode {
  if (inode.kind === "directory") throw refused("EISDIR", asked);
  if (inode.kind !== "file") throw refused("ENXIO", asked, `it is a ${inode.kind}`);
  // Who makes a file may write it this once, whatever its mode says.
  if (!created) requireAccess(user, inode, read ? MAY.read | MAY.write : MAY.write, asked);
  if (isImmutable(inode)) throw refused("EPERM", asked, "it is immutable");
  if (isAppendOnly(inode) && (!append || truncate)) throw refused("EPERM", asked, "it may only be added to");
  return inode;
}

/** Others who write it keep their data version, which is cut instead; without any, the file gets another. */
async function truncated(context: Context, file: FileInode): Promise<FileInode> {
  const { transaction, nowNs } = context;
  if (file.written || file.truncating) return cut(context, file, 0n);
  if (file.length === 0n && !file.inline) return { ...file, mtimeNs: nowNs, ctimeNs: nowNs };
  return emptied(transaction, file, nowNs);
}

/** A program that runs with its owner's rights loses them when somebody else may change it. */
function withoutPrivileges(user: UserIdentity, file: FileInode): FileInode {
  if (owns(user, file)) return file;
  const runsAsGroup = (file.mode & MODE.groupExecute) !== 0 ? MODE.setgid : 0;
  return { ...file, mode: file.mode & ~(MODE.setuid | runsAsGroup) };
}

async function addSession(
  context: Context,
  question: OpenToWriteQuestion,
  file: FileInode,
  asked: Asked,
): Promise<void> {
  const { transaction, user, nowNs } = context;
  const { session, client, read, append } = question;
  const name = { inode: file.id, session };
  if ((await readSession(transaction, name)) !== undefined) {
    throw refused("EINVAL", asked, "its session is open already");
  }
  putSession(transaction, name, {
    client,
    uid: user.uid,
    dataVersion: file.dataVersion,
    read,
    append,
    openedMs: Number(nowNs / 1_000_000n),
    revoking: false,
  });
}
