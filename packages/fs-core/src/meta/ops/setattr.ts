/** Changes what is known of an inode: mode, owner, times, flags, quota. Its length is another operation's. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import type { Transaction } from "../../metastore/transaction.ts";
import { type Codec, i64, optional, struct, u16, u32, union } from "../../wire/codec/index.ts";
import type { UserIdentity } from "../../wire/rpc/method.ts";
import {
  type Asked,
  allows,
  isAppendOnly,
  isImmutable,
  isMember,
  isSuperuser,
  MAY,
  MODE,
  owns,
  refused,
  requireOwner,
  requireSuperuser,
} from "../access/permissions.ts";
import { requireRoom } from "../inodes/quota.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import { told } from "../inodes/told.ts";
import { bytesOf, charge, putInode } from "../inodes/writes.ts";
import { INODE_FLAG, type Inode } from "../model/inode.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { directoryTimeKey } from "../rows/keys.ts";

/** `UTIME_NOW`, or a time; to leave one as it is (`UTIME_OMIT`), say nothing. */
export type TimeChange = { readonly kind: "now" } | { readonly kind: "at"; readonly ns: bigint };

/** What is missing stays as it is. */
export interface AttributeChanges {
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly atime: TimeChange | undefined;
  readonly mtime: TimeChange | undefined;
  /** Bits of `INODE_FLAG`: all that are to be set. */
  readonly flags: number | undefined;
  /** Of this inode alone: what is in a directory keeps its own. */
  readonly quota: number | undefined;
}

export interface SetattrQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly changes: AttributeChanges;
}

export interface SetattrAnswer {
  readonly inode: Inode;
}

const timeChangeCodec: Codec<TimeChange> = union({ now: [1, struct({})], at: [2, struct({ ns: i64 })] });

const attributeChangesCodec: Codec<AttributeChanges> = struct({
  mode: optional(u16),
  uid: optional(u32),
  gid: optional(u32),
  atime: optional(timeChangeCodec),
  mtime: optional(timeChangeCodec),
  flags: optional(u32),
  quota: optional(u32),
});

const SETTABLE_FLAGS = INODE_FLAG.immutable | INODE_FLAG.appendOnly;

export const setattr: Operation<SetattrQuestion, SetattrAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 15,
    name: "setattr",
    question: struct({ ...mutationFields, inode: inodeIdCodec, changes: attributeChangesCodec }),
    answer: struct({ inode: inodeCodec }),
  }),
  check({ inode, changes: { flags } }) {
    if (flags === undefined || (flags & ~SETTABLE_FLAGS) === 0) return;
    throw refused("EINVAL", { operation: "setattr", subject: `inode ${inode}` }, "there are no such flags");
  },
  async run(context, { inode: id, changes }) {
    const { transaction, user, nowNs } = context;
    const asked = { operation: "setattr", subject: `inode ${id}` };
    const before = await requireInodeRow(transaction, id, asked);
    // Nobody needs a right to change nothing, and nothing is written then.
    if (Object.values(changes).every((each) => each === undefined))
      return { inode: await told(context, before) };
    requireRights(user, before, changes, asked);
    const inode = changed(user, before, changes, nowNs);
    if (inode.quota !== before.quota) await moveUsage(transaction, before, inode.quota, asked);
    putInode(transaction, inode);
    // The row of times would have it changed later than it is now said to be.
    if (inode.kind === "directory" && changes.mtime !== undefined) transaction.clear(directoryTimeKey(id));
    return { inode: await told(context, inode) };
  },
});

function requireRights(user: UserIdentity, inode: Inode, changes: AttributeChanges, asked: Asked): void {
  const { mode, uid, gid, atime, mtime, flags, quota } = changes;
  if (flags !== undefined || quota !== undefined) requireSuperuser(user, asked);
  if (mode !== undefined) requireOwner(user, inode, asked);
  if (uid !== undefined && uid !== inode.uid) requireSuperuser(user, asked);
  if (uid !== undefined || gid !== undefined) requireOwner(user, inode, asked);
  if (gid !== undefined && gid !== inode.gid && !isSuperuser(user) && !isMember(user, gid)) {
    throw refused("EPERM", asked, "a file is given only to groups that its owner is in");
  }
  const isTouch = atime?.kind === "now" && mtime?.kind === "now";
  if (isTouch && !owns(user, inode) && !allows(user, inode, MAY.write)) throw refused("EACCES", asked);
  if (!isTouch && (atime !== undefined || mtime !== undefined)) requireOwner(user, inode, asked);
  const changesMore = [mode, uid, gid, quota].some((each) => each !== undefined);
  const changesTimes = atime !== undefined || mtime !== undefined;
  if (isImmutable(inode) && (changesMore || changesTimes)) throw refused("EPERM", asked, "it is immutable");
  if (isAppendOnly(inode) && (changesMore || (changesTimes && !isTouch))) {
    throw refused("EPERM", asked, "it may only be added to");
  }
}

function changed(user: UserIdentity, inode: Inode, changes: AttributeChanges, nowNs: bigint): Inode {
  const { uid = inode.uid, gid = inode.gid, atime, mtime, flags, quota = inode.quota } = changes;
  const at = (change: TimeChange): bigint => (change.kind === "now" ? nowNs : change.ns);
  const own = inode.flags & ~SETTABLE_FLAGS;
  return {
    ...inode,
    mode: modeAfter(user, inode, changes),
    uid,
    gid,
    flags: flags === undefined ? inode.flags : own | flags,
    quota,
    ctimeNs: nowNs,
    ...(atime === undefined ? {} : { atimeNs: at(atime) }),
    ...(mtime === undefined ? {} : { mtimeNs: at(mtime) }),
  };
}

/** Programs lose the rights of their owner and group when either changes, also by root. */
function modeAfter(user: UserIdentity, inode: Inode, changes: AttributeChanges): number {
  const { uid, gid = inode.gid } = changes;
  let mode = inode.mode;
  if ((uid !== undefined || changes.gid !== undefined) && inode.kind !== "directory") {
    mode &= ~MODE.setuid;
    if ((mode & MODE.groupExecute) !== 0) mode &= ~MODE.setgid;
  }
  if (changes.mode === undefined) return mode;
  mode = changes.mode & MODE.all;
  return isSuperuser(user) || isMember(user, gid) ? mode : mode & ~MODE.setgid;
}

async function moveUsage(transaction: Transaction, inode: Inode, quota: number, asked: Asked): Promise<void> {
  const bytes = bytesOf(inode);
  await requireRoom(transaction, quota, { inodes: 1n, bytes }, asked);
  charge(transaction, inode.quota, { inodes: -1n, bytes: -bytes });
  charge(transaction, quota, { inodes: 1n, bytes });
}
