/**
 * What a new inode has from whoever makes it, and from the directory it is made in.
 *
 * Spreads stand last here: fields added after one cost several microseconds each in V8, and every create makes these.
 */
import type { InodeId } from "../../ids.ts";
import type { UserIdentity } from "../../wire/rpc/method.ts";
import { isMember, isSuperuser, MODE } from "../access/permissions.ts";
import type { DirectoryInode, FileInode, Inode, Layout } from "../model/inode.ts";

export interface Birth {
  readonly id: InodeId;
  readonly user: UserIdentity;
  readonly directory: DirectoryInode;
  /** The umask is already taken off. */
  readonly mode: number;
  readonly nowNs: bigint;
}

type Common = Omit<Extract<Inode, { kind: "symlink" }>, "kind" | "target">;

/** Of anything but a directory. In a setgid directory the group is the directory's. */
export function newCommon({ id, user, directory, mode, nowNs }: Birth): Common {
  const inherits = (directory.mode & MODE.setgid) !== 0;
  const gid = inherits ? directory.gid : user.gid;
  const foreign = !isSuperuser(user) && !isMember(user, gid);
  // A program that runs with a group's rights is made by that group only.
  const unfit = foreign && (mode & MODE.groupExecute) !== 0 ? MODE.setgid : 0;
  return {
    id,
    mode: mode & MODE.all & ~unfit,
    uid: user.uid,
    gid,
    nlink: 1,
    atimeNs: nowNs,
    mtimeNs: nowNs,
    ctimeNs: nowNs,
    birthNs: nowNs,
    flags: 0,
    quota: directory.quota,
  };
}

/** In a setgid directory it has the bit too; what its parent says of layouts, it says. */
export function newDirectory(birth: Birth): DirectoryInode {
  const { directory } = birth;
  const setgid = directory.mode & MODE.setgid;
  const common = { ...newCommon(birth), mode: (birth.mode & MODE.all) | setgid, nlink: 2 };
  return {
    kind: "directory",
    parent: directory.id,
    layout: directory.layout,
    lock: undefined,
    ...common,
  };
}

/** Empty, without a chunk. */
export function newFile(birth: Birth, layout: Layout): FileInode {
  return {
    kind: "file",
    length: 0n,
    truncateVersion: 0,
    dataVersion: 1,
    layout,
    inline: false,
    written: false,
    truncating: false,
    ...newCommon(birth),
  };
}
