/** Who may read and write extended attributes, as `xattr(7)` says. */
import type { UserIdentity } from "../../wire/rpc/method.ts";
import { fsError } from "../model/errors.ts";
import type { Inode } from "../model/inode.ts";
import { META_LIMITS } from "../model/limits.ts";
import { utf8Bytes } from "../model/names.ts";
import {
  type Asked,
  isSuperuser,
  MAY,
  MODE,
  owns,
  refused,
  requireAccess,
  requireChangeable,
} from "./permissions.ts";

/** Refuses names that no attribute can have. */
export function checkXattrName(name: string, operation: string): void {
  if (!isKnown(name)) {
    throw fsError("EOPNOTSUPP", operation, name, { reason: "names begin with user., trusted. or security." });
  }
  if (name.indexOf(".") === name.length - 1) {
    throw fsError("EINVAL", operation, name, { reason: "the name has nothing after its dot" });
  }
  if (name.includes("\0") || /\p{Surrogate}/u.test(name)) throw fsError("EINVAL", operation, name);
  if (utf8Bytes(name) > META_LIMITS.xattrNameBytesMax) throw fsError("ERANGE", operation, name);
}

/** Whether a user sees the attribute in lists. */
export function isListed(user: UserIdentity, name: string): boolean {
  return !name.startsWith("trusted.") || isSuperuser(user);
}

/** What may not be seen is not there. */
export function requireXattrReading(user: UserIdentity, inode: Inode, name: string, asked: Asked): void {
  if (name.startsWith("security.")) return;
  if (name.startsWith("trusted.")) {
    if (!isSuperuser(user)) throw refused("ENODATA", asked);
    return;
  }
  if (!hasUserAttributes(inode)) throw refused("ENODATA", asked);
  requireAccess(user, inode, MAY.read, asked);
}

export function requireXattrWriting(user: UserIdentity, inode: Inode, name: string, asked: Asked): void {
  requireChangeable(inode, asked);
  if (!name.startsWith("user.")) {
    if (!isSuperuser(user)) throw refused("EPERM", asked, "only root and admins may do that");
    return;
  }
  if (!hasUserAttributes(inode)) {
    throw refused("EPERM", asked, "only files and directories have attributes of users");
  }
  const sticky = inode.kind === "directory" && (inode.mode & MODE.sticky) !== 0;
  if (sticky && !owns(user, inode)) throw refused("EPERM", asked, "only the owner of a sticky directory may");
  requireAccess(user, inode, MAY.write, asked);
}

function isKnown(name: string): boolean {
  return ["user.", "trusted.", "security."].some((prefix) => name.startsWith(prefix));
}

/** Of links and devices the mode bits say nothing about who may fill them. */
function hasUserAttributes(inode: Inode): boolean {
  return inode.kind === "file" || inode.kind === "directory";
}
