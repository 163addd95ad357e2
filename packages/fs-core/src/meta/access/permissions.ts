/** Who may do what, by mode bits, owners and groups, and flags. Pure: inodes in, an error or nothing out. */
import type { UserIdentity } from "../../wire/rpc/method.ts";
import { type FsErrorCode, fsError } from "../model/errors.ts";
import { INODE_FLAG, type Inode } from "../model/inode.ts";

/** Bits of what is wanted, as `access(2)` has them. */
export const MAY: { readonly execute: 1; readonly write: 2; readonly read: 4 } = {
  execute: 1,
  write: 2,
  read: 4,
};

export const MODE: {
  readonly setuid: number;
  readonly setgid: number;
  readonly sticky: number;
  readonly groupExecute: number;
  readonly all: number;
} = { setuid: 0o4000, setgid: 0o2000, sticky: 0o1000, groupExecute: 0o010, all: 0o7777 };

/** What a check names in its error. */
export interface Asked {
  readonly operation: string;
  /** As the caller named it. */
  readonly subject: string;
}

/** Root, and admins who act as themselves. */
export function isSuperuser(user: UserIdentity): boolean {
  return user.uid === 0 || user.admin;
}

export function isMember(user: UserIdentity, gid: number): boolean {
  return user.gid === gid || user.groups.includes(gid);
}

export function owns(user: UserIdentity, inode: Inode): boolean {
  return user.uid === inode.uid || isSuperuser(user);
}

/** Whether the mode bits grant all of `wanted`. To root they grant all but executing what nobody may execute. */
export function allows(user: UserIdentity, inode: Inode, wanted: number): boolean {
  if (isSuperuser(user)) {
    const executes = (wanted & MAY.execute) !== 0 && inode.kind !== "directory";
    return !executes || (inode.mode & 0o111) !== 0;
  }
  let granted = inode.mode;
  if (user.uid === inode.uid) granted >>= 6;
  else if (isMember(user, inode.gid)) granted >>= 3;
  return (granted & wanted) === wanted;
}

export function requireAccess(user: UserIdentity, inode: Inode, wanted: number, asked: Asked): void {
  if (!allows(user, inode, wanted)) throw refused("EACCES", asked);
}

export function requireOwner(user: UserIdentity, inode: Inode, asked: Asked): void {
  if (!owns(user, inode)) throw refused("EPERM", asked, "only its owner may do that");
}

export function requireSuperuser(user: UserIdentity, asked: Asked): void {
  if (!isSuperuser(user)) throw refused("EPERM", asked, "only root and admins may do that");
}

export function isImmutable(inode: Inode): boolean {
  return (inode.flags & INODE_FLAG.immutable) !== 0;
}

export function isAppendOnly(inode: Inode): boolean {
  return (inode.flags & INODE_FLAG.appendOnly) !== 0;
}

/** Refuses what changes an inode beyond adding to it. */
export function requireChangeable(inode: Inode, asked: Asked): void {
  if (isImmutable(inode)) throw refused("EPERM", asked, "it is immutable");
  if (isAppendOnly(inode)) throw refused("EPERM", asked, "it may only be added to");
}

export function refused(code: FsErrorCode, { operation, subject }: Asked, reason?: string): Error {
  return fsError(code, operation, subject, reason === undefined ? {} : { reason });
}
