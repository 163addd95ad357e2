/**
 * Removes a directory with all that is in it: one step takes it out of the namespace, the collector does the rest.
 *
 * Users must own all directories in it and be allowed to read, write and search them, which is looked at first, without
 * conflicts: who is let in meanwhile keeps what the collector then finds. Files are not looked at, since the owner of a
 * directory may take them away. Root's trees are not looked at, except for their top.
 */
import type { InodeId } from "../../ids.ts";
import { afterKey, prefixRange } from "../../metastore/keys.ts";
import { decode, nothing, struct } from "../../wire/codec/index.ts";
import { type Changer, requireRemoving, requireUnlocked } from "../access/entry-rules.ts";
import {
  type Asked,
  isSuperuser,
  MAY,
  refused,
  requireAccess,
  requireChangeable,
  requireOwner,
} from "../access/permissions.ts";
import { asDirectory, completed, readEntryInode, readInodeRows } from "../inodes/reads.ts";
import { dropEntry, putInode, touchDirectory } from "../inodes/writes.ts";
import { fsError } from "../model/errors.ts";
import { DETACHED, type DirectoryInode } from "../model/inode.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import {
  type MutationHeader,
  metaMethod,
  mutation,
  mutationFields,
  type Operation,
  type OperationContext,
} from "../operation.ts";
import { putGarbage } from "../rows/garbage-row.ts";
import { entryRow } from "../rows/inode-row.ts";
import { entryKey } from "../rows/keys.ts";
import { checkPlace, findPlace, type Place, placeCodec } from "../walk/place.ts";

export interface RemoveTreeQuestion extends MutationHeader {
  readonly place: Place;
}

/** `EOPNOTSUPP` when the tree has more directories or entries than one step may look at: remove its parts first. */
export const removeTree: Operation<RemoveTreeQuestion, undefined, NamespaceDeps> = mutation({
  frees: true,
  method: metaMethod({
    number: 12,
    name: "removeTree",
    question: struct({ ...mutationFields, place: placeCodec }),
    answer: nothing,
  }),
  check: ({ place }) => checkPlace(place, "removeTree"),
  async run(context, { place, client }) {
    const { transaction, user, nowNs } = context;
    const asked = { operation: "removeTree", subject: place.name };
    const { directory, name, entry } = await findPlace(context, place, asked);
    if (entry === undefined) throw refused("ENOENT", asked);
    const found = await readEntryInode(transaction, entry);
    const changer = { user, client };
    requireRemoving(changer, directory, found, asked);
    const top = asDirectory(found, asked);
    if (!isSuperuser(user)) await requireRights(context, changer, top, asked);
    dropEntry(transaction, directory.id, name);
    touchDirectory(transaction, directory.id, nowNs, -1);
    putInode(transaction, { ...top, parent: DETACHED, ctimeNs: nowNs });
    putGarbage(transaction, {
      inode: top.id,
      dataVersion: 0,
      dueMs: Number(nowNs / 1_000_000n),
      garbage: { kind: "tree", uid: user.uid },
    });
    return undefined;
  },
});

/** Goes through the directories of the tree, level by level. */
async function requireRights(
  context: OperationContext<NamespaceDeps>,
  changer: Changer,
  top: DirectoryInode,
  asked: Asked,
): Promise<void> {
  const { transaction, deps } = context;
  const { user } = changer;
  const { treeDirectoriesMax, treeEntriesMax } = deps.settings;
  const left = { directories: treeDirectoriesMax, entries: treeEntriesMax };
  let level: readonly DirectoryInode[] = (await completed(transaction, [top])) as readonly DirectoryInode[];
  while (level.length > 0) {
    left.directories -= level.length;
    if (left.directories < 0) throw tooLarge(asked);
    const below: InodeId[] = [];
    for (const directory of level) {
      requireOwner(user, directory, asked);
      requireAccess(user, directory, MAY.read | MAY.write | MAY.execute, asked);
      requireChangeable(directory, asked);
      requireUnlocked(changer, directory, asked);
      // Two links are its own: with no more, only files are in it.
      if (directory.nlink > 2) below.push(...(await subdirectories(context, directory.id, left, asked)));
    }
    const inodes = await readInodeRows(transaction, below, { snapshot: true });
    const found = inodes.filter((inode) => inode?.kind === "directory");
    level = (await completed(transaction, found)) as readonly DirectoryInode[];
  }
}

async function subdirectories(
  { transaction }: OperationContext<NamespaceDeps>,
  directory: InodeId,
  left: { entries: number },
  asked: Asked,
): Promise<readonly InodeId[]> {
  const found: InodeId[] = [];
  let { begin, end } = prefixRange(entryKey(directory, ""));
  for (;;) {
    const { entries, more } = await transaction.range({ begin, end }, { snapshot: true });
    left.entries -= entries.length;
    if (left.entries < 0) throw tooLarge(asked);
    for (const { value } of entries) {
      const entry = decode(entryRow, value);
      if (entry.kind === "directory") found.push(entry.inode);
    }
    const last = entries.at(-1);
    if (!more || last === undefined) return found;
    begin = afterKey(last.key);
  }
}

function tooLarge({ operation, subject }: Asked): Error {
  return fsError("EOPNOTSUPP", operation, subject, {
    reason: "the tree is too large to be removed in one step",
    hint: "remove the directories in it first, one by one",
  });
}
