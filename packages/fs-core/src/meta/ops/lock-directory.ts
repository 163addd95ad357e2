/**
 * A directory's lock: while a client has it, no other client makes, removes, renames or links entries there, or takes the
 * directory away, whoever its user is. It stays when the client goes; the directory's owner clears it then.
 */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { struct, text, word } from "../../wire/codec/index.ts";
import { requireUnlocked } from "../access/entry-rules.ts";
import { type Asked, MAY, requireAccess, requireChangeable, requireOwner } from "../access/permissions.ts";
import { asDirectory, requireInodeRow } from "../inodes/reads.ts";
import { told } from "../inodes/told.ts";
import { putInode } from "../inodes/writes.ts";
import { fsError } from "../model/errors.ts";
import type { DirectoryInode, DirectoryLock, Inode } from "../model/inode.ts";
import { utf8Bytes } from "../model/names.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import {
  type MutationHeader,
  metaMethod,
  mutation,
  mutationFields,
  type Operation,
  type OperationContext,
} from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";

/**
 * `try`: takes it, or is told `EBUSY`. `preempt`: takes it from whoever has it. `unlock`: gives it back. `clear`: takes it
 * from whoever has it and leaves it free. Who may write to the directory may `try` and `unlock`, its owner everything.
 */
export type DirectoryLockAction = "try" | "preempt" | "unlock" | "clear";

export interface LockDirectoryQuestion extends MutationHeader {
  readonly directory: InodeId;
  readonly action: DirectoryLockAction;
  /** What the client calls itself, for those it keeps out. At most 255 bytes. */
  readonly owner: string;
}

export interface LockDirectoryAnswer {
  readonly inode: Inode;
}

const OWNER_BYTES_MAX = 255;

export const lockDirectory: Operation<LockDirectoryQuestion, LockDirectoryAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 18,
    name: "lockDirectory",
    question: struct({
      ...mutationFields,
      directory: inodeIdCodec,
      action: word(["try", "preempt", "unlock", "clear"]),
      owner: text(OWNER_BYTES_MAX),
    }),
    answer: struct({ inode: inodeCodec }),
  }),
  check({ directory, owner }) {
    if (utf8Bytes(owner) <= OWNER_BYTES_MAX) return;
    throw fsError("EINVAL", "lockDirectory", `inode ${directory}`, {
      reason: "the owner's name is too long",
    });
  },
  async run(context, question) {
    const { transaction, user } = context;
    const asked = { operation: "lockDirectory", subject: `inode ${question.directory}` };
    const directory = asDirectory(await requireInodeRow(transaction, question.directory, asked), asked);
    requireAccess(user, directory, MAY.write, asked);
    requireChangeable(directory, asked);
    const inode = { ...directory, lock: lockAfter(context, question, directory, asked) };
    putInode(transaction, inode);
    return { inode: await told(context, inode) };
  },
});

function lockAfter(
  { user }: OperationContext<NamespaceDeps>,
  { client, action, owner }: LockDirectoryQuestion,
  directory: DirectoryInode,
  asked: Asked,
): DirectoryLock | undefined {
  if (action === "try" || action === "unlock") requireUnlocked({ user, client }, directory, asked);
  else requireOwner(user, directory, asked);
  return action === "try" || action === "preempt" ? { client, uid: user.uid, owner } : undefined;
}
