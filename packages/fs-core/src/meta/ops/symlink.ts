/** Makes a symbolic link. What it names need not be there. */
import { struct, text } from "../../wire/codec/index.ts";
import { requireAdding } from "../access/entry-rules.ts";
import { refused } from "../access/permissions.ts";
import { newCommon } from "../inodes/new-inode.ts";
import { requireRoom } from "../inodes/quota.ts";
import { addInode, putEntry, touchDirectory } from "../inodes/writes.ts";
import { fsError } from "../model/errors.ts";
import type { Inode, SymlinkInode } from "../model/inode.ts";
import { checkPath, PATH_WIRE_BYTES_MAX } from "../model/names.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { checkPlace, findPlace, type Place, placeCodec } from "../walk/place.ts";

export interface SymlinkQuestion extends MutationHeader {
  readonly place: Place;
  readonly target: string;
}

export interface SymlinkAnswer {
  readonly inode: Inode;
}

export const symlink: Operation<SymlinkQuestion, SymlinkAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 8,
    name: "symlink",
    question: struct({ ...mutationFields, place: placeCodec, target: text(PATH_WIRE_BYTES_MAX) }),
    answer: struct({ inode: inodeCodec }),
  }),
  check({ place, target }) {
    checkPlace(place, "symlink");
    checkPath(target, "symlink");
    if (target === "") throw fsError("ENOENT", "symlink", place.name, { reason: "the target is empty" });
  },
  async run(context, { place, target, client }) {
    const { transaction, user, nowNs, deps } = context;
    const asked = { operation: "symlink", subject: place.name };
    const { directory, name, entry } = await findPlace(context, place, asked);
    if (entry !== undefined) throw refused("EEXIST", asked);
    requireAdding({ user, client }, directory, asked);
    await requireRoom(transaction, directory.quota, { inodes: 1n }, asked);
    const id = await deps.inodeIds.take({ signal: context.signal });
    const inode: SymlinkInode = {
      ...newCommon({ id, user, directory, mode: 0o777, nowNs }),
      kind: "symlink",
      target,
    };
    addInode(transaction, inode);
    putEntry(transaction, directory.id, name, inode);
    touchDirectory(transaction, directory.id, nowNs);
    return { inode };
  },
});
