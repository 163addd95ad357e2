/** Inodes as callers see them: a directory's times and links come from rows of their own, see `directoryTimeKey`. */
import { assert } from "@smallpond/base";
import type { InodeId } from "../../ids.ts";
import { prefixRange } from "../../metastore/keys.ts";
import type { ReadOptions, ReadTransaction } from "../../metastore/transaction.ts";
import { decode } from "../../wire/codec/index.ts";
import { type Asked, refused } from "../access/permissions.ts";
import type { DirectoryInode, Entry, Inode } from "../model/inode.ts";
import { counterRow, entryRow, inodeRow } from "../rows/inode-row.ts";
import { directoryLinksKey, directoryTimeKey, entryKey, inodeKey } from "../rows/keys.ts";

/** Rows of times and links change with each entry; a change that only tells of them must not conflict with that. */
const WITHOUT_CONFLICT: ReadOptions = { snapshot: true };

/** The inode's own row; a directory's times and links in it are not up to date. */
export async function readInodeRow(
  transaction: ReadTransaction,
  id: InodeId,
  options?: ReadOptions,
): Promise<Inode | undefined> {
  const row = await transaction.get(inodeKey(id), options);
  return row === undefined ? undefined : decode(inodeRow, row);
}

/** The inode's own row, which must be there; `ESTALE` otherwise, as for a handle of a file that is gone. */
export async function requireInodeRow(
  transaction: ReadTransaction,
  id: InodeId,
  asked: Asked,
): Promise<Inode> {
  const inode = await readInodeRow(transaction, id);
  if (inode === undefined) throw refused("ESTALE", asked);
  return inode;
}

/** A directory's own row. `ENOTDIR` for what is none, and `ENOENT` for one that is gone. */
export function requireDirectory(row: Uint8Array | undefined, asked: Asked): DirectoryInode {
  if (row === undefined) throw refused("ENOENT", asked, "its directory was removed");
  return asDirectory(decode(inodeRow, row), asked);
}

export function asDirectory(inode: Inode, asked: Asked): DirectoryInode {
  if (inode.kind !== "directory") throw refused("ENOTDIR", asked);
  return inode;
}

/** A directory and one of its entries, in one step. */
export async function readPlace(
  transaction: ReadTransaction,
  directory: InodeId,
  name: string,
  asked: Asked,
): Promise<{ readonly directory: DirectoryInode; readonly entry: Entry | undefined }> {
  const [row, entry] = await transaction.getMany([inodeKey(directory), entryKey(directory, name)]);
  return {
    directory: requireDirectory(row, asked),
    entry: entry === undefined ? undefined : decode(entryRow, entry),
  };
}

/** The inode that an entry leads to. An entry without one would be our own bug. */
export async function readEntryInode(
  transaction: ReadTransaction,
  entry: Entry,
  options?: ReadOptions,
): Promise<Inode> {
  const inode = await readInodeRow(transaction, entry.inode, options);
  assert(inode !== undefined, `an entry leads to inode ${entry.inode}, which is not there`);
  assert(inode.kind === entry.kind, `inode ${entry.inode} is a ${inode.kind}, its entry says ${entry.kind}`);
  return inode;
}

/** Throws `ENOTEMPTY` if the directory has entries; whoever adds one meanwhile conflicts. */
export async function requireEmpty(
  transaction: ReadTransaction,
  directory: InodeId,
  asked: Asked,
): Promise<void> {
  const { entries } = await transaction.range(prefixRange(entryKey(directory, "")), { limit: 1 });
  if (entries.length > 0) throw refused("ENOTEMPTY", asked);
}

/** Own rows, in the order of the ids; nothing where there is none. */
export async function readInodeRows(
  transaction: ReadTransaction,
  ids: readonly InodeId[],
  options?: ReadOptions,
): Promise<readonly (Inode | undefined)[]> {
  const rows = await transaction.getMany(ids.map(inodeKey), options);
  return rows.map((row) => (row === undefined ? undefined : decode(inodeRow, row)));
}

/** The same, and in directories what their rows of times and links say. */
export async function completed(
  transaction: ReadTransaction,
  inodes: readonly (Inode | undefined)[],
): Promise<readonly (Inode | undefined)[]> {
  const directories = inodes.filter((inode) => inode?.kind === "directory") as readonly DirectoryInode[];
  if (directories.length === 0) return inodes;
  const rows = await transaction.getMany(
    directories.flatMap(({ id }) => [directoryTimeKey(id), directoryLinksKey(id)]),
    WITHOUT_CONFLICT,
  );
  const seen = new Map<InodeId, DirectoryInode>();
  for (const [at, directory] of directories.entries()) {
    seen.set(directory.id, withCounters(directory, rows[2 * at], rows[2 * at + 1]));
  }
  return inodes.map((inode) => (inode === undefined ? undefined : (seen.get(inode.id) ?? inode)));
}

function withCounters(
  directory: DirectoryInode,
  time: Uint8Array | undefined,
  links: Uint8Array | undefined,
): DirectoryInode {
  const changedNs = time === undefined ? 0n : decode(counterRow, time);
  const directories = links === undefined ? 0n : decode(counterRow, links);
  return {
    ...directory,
    nlink: 2 + Number(directories),
    mtimeNs: later(directory.mtimeNs, changedNs),
    ctimeNs: later(directory.ctimeNs, changedNs),
  };
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
