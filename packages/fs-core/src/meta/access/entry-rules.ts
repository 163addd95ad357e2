/** Who may add entries to a directory, and take them away. */
import type { ClientId } from "../../ids.ts";
import type { UserIdentity } from "../../wire/rpc/method.ts";
import { DETACHED, type DirectoryInode, type Inode } from "../model/inode.ts";
import {
  type Asked,
  isAppendOnly,
  isImmutable,
  MAY,
  MODE,
  owns,
  refused,
  requireAccess,
  requireChangeable,
} from "./permissions.ts";

/** Who changes entries: the user, through a client. */
export interface Changer {
  readonly user: UserIdentity;
  readonly client: ClientId;
}

/** Refuses who may not add an entry. */
export function requireAdding(changer: Changer, directory: DirectoryInode, asked: Asked): void {
  if (directory.parent === DETACHED) throw refused("ENOENT", asked, "its directory was removed");
  requireAccess(changer.user, directory, MAY.write | MAY.execute, asked);
  if (isImmutable(directory)) throw refused("EPERM", asked, "its directory is immutable");
  requireUnlocked(changer, directory, asked);
}

/** Refuses who may not take away the entry of `inode`, by removing or renaming it. */
export function requireRemoving(
  changer: Changer,
  directory: DirectoryInode,
  inode: Inode,
  asked: Asked,
): void {
  requireAccess(changer.user, directory, MAY.write | MAY.execute, asked);
  if (isImmutable(directory)) throw refused("EPERM", asked, "its directory is immutable");
  if (isAppendOnly(directory)) throw refused("EPERM", asked, "its directory may only be added to");
  requireUnlocked(changer, directory, asked);
  if (inode.kind === "directory") requireUnlocked(changer, inode, asked);
  const sticky = (directory.mode & MODE.sticky) !== 0;
  if (sticky && !owns(changer.user, inode) && !owns(changer.user, directory)) {
    throw refused("EPERM", asked, "in a sticky directory only the owner may do that");
  }
  requireChangeable(inode, asked);
}

/** A directory's lock keeps out all clients but its holder, root's too. */
export function requireUnlocked({ client }: Changer, { lock }: DirectoryInode, asked: Asked): void {
  if (lock === undefined || lock.client === client) return;
  throw refused("EBUSY", asked, `the directory is locked by ${JSON.stringify(lock.owner)}`);
}
