/**
 * From a directory along a path, as `path_resolution(7)` says: search permission on every directory, symbolic links
 * followed, `..` up to the root and not beyond. All of it is read in the operation's transaction, with conflicts, so
 * what a change did along a path is as if nobody had moved a part of it meanwhile.
 */
import { assert } from "@smallpond/base";
import { type InodeId, ROOT_INODE } from "../../ids.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import { decode } from "../../wire/codec/index.ts";
import type { UserIdentity } from "../../wire/rpc/method.ts";
import { type Asked, MAY, refused, requireAccess } from "../access/permissions.ts";
import { asDirectory, readEntryInode, requireInodeRow } from "../inodes/reads.ts";
import { DETACHED, type DirectoryInode, type Inode } from "../model/inode.ts";
import { META_LIMITS } from "../model/limits.ts";
import { checkName } from "../model/names.ts";
import { entryRow } from "../rows/inode-row.ts";
import { entryKey } from "../rows/keys.ts";
import { components, isAbsolute, MUST_BE_DIRECTORY } from "./components.ts";

export interface Route {
  /** Where a relative path starts. An absolute one starts at the root. */
  readonly start: InodeId;
  readonly path: string;
  /** Whether a symbolic link at the end is followed. Those before it always are, and one before a trailing slash. */
  readonly follow: boolean;
}

export interface Walk {
  /** What the path leads to, a directory without its times and links; nothing if only the last name is missing. */
  readonly inode: Inode | undefined;
  /** The last directory that was gone through and the name in it; nothing if the path ends in itself, `.` or `..`. */
  readonly last: { readonly directory: DirectoryInode; readonly name: string } | undefined;
}

/** Throws `ENOENT` if more than the last name is missing, `ENOTDIR`, `EACCES` or `ELOOP`. */
export async function walk(
  transaction: ReadTransaction,
  user: UserIdentity,
  route: Route,
  asked: Asked,
): Promise<Walk> {
  const { path, follow } = route;
  if (path === "") throw refused("ENOENT", asked, "the path is empty");
  // Steps still to go, the next one last.
  const ahead = [...components(path)].reverse();
  const from = async (id: InodeId): Promise<Inode> => requireInodeRow(transaction, id, asked);
  let here = await from(isAbsolute(path) ? ROOT_INODE : route.start);
  let last: Walk["last"];
  let followed = 0;
  while (ahead.length > 0) {
    const name = ahead.pop()!;
    const directory = asDirectory(here, asked);
    if (name === MUST_BE_DIRECTORY) continue;
    requireAccess(user, directory, MAY.execute, asked);
    if (name === "." || name === "..") {
      last = undefined;
      if (name === "..") here = await parentOf(transaction, directory, asked);
      continue;
    }
    checkName(name, asked.operation);
    const inode = await step(transaction, directory, name);
    if (inode === undefined) {
      const only = ahead.every((each) => each === MUST_BE_DIRECTORY);
      if (!only) throw refused("ENOENT", asked, `there is no ${JSON.stringify(name)}`);
      return { inode, last: { directory, name } };
    }
    if (inode.kind !== "symlink" || (ahead.length === 0 && !follow)) {
      here = inode;
      last = { directory, name };
      continue;
    }
    followed += 1;
    if (followed > META_LIMITS.symlinksFollowedMax) throw refused("ELOOP", asked);
    ahead.push(...[...components(inode.target)].reverse());
    last = undefined;
    if (isAbsolute(inode.target)) here = await from(ROOT_INODE);
  }
  return { inode: here, last };
}

/** The directory above; of the root, itself. */
export async function parentOf(
  transaction: ReadTransaction,
  directory: DirectoryInode,
  asked: Asked,
): Promise<DirectoryInode> {
  if (directory.id === ROOT_INODE) return directory;
  if (directory.parent === DETACHED) throw refused("ENOENT", asked, "the directory was removed");
  const parent = await requireInodeRow(transaction, directory.parent, asked);
  assert(parent.kind === "directory", `the parent of ${directory.id} is a ${parent.kind}`);
  return parent;
}

async function step(
  transaction: ReadTransaction,
  directory: DirectoryInode,
  name: string,
): Promise<Inode | undefined> {
  const row = await transaction.get(entryKey(directory.id, name));
  return row === undefined ? undefined : readEntryInode(transaction, decode(entryRow, row));
}
