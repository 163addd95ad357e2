/** Gives what is no directory another name. A file that was made without one gets its first. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { struct } from "../../wire/codec/index.ts";
import { requireAdding } from "../access/entry-rules.ts";
import { refused, requireChangeable } from "../access/permissions.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import { told } from "../inodes/told.ts";
import { putEntry, putInode, touchDirectory } from "../inodes/writes.ts";
import { INODE_FLAG, type Inode } from "../model/inode.ts";
import { META_LIMITS } from "../model/limits.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { checkPlace, findPlace, type Place, placeCodec } from "../walk/place.ts";

export interface LinkQuestion extends MutationHeader {
  readonly inode: InodeId;
  readonly place: Place;
}

export interface LinkAnswer {
  readonly inode: Inode;
}

export const link: Operation<LinkQuestion, LinkAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 9,
    name: "link",
    question: struct({ ...mutationFields, inode: inodeIdCodec, place: placeCodec }),
    answer: struct({ inode: inodeCodec }),
  }),
  check: ({ place }) => checkPlace(place, "link"),
  async run(context, { inode: id, place, client }) {
    const { transaction, user, nowNs } = context;
    const asked = { operation: "link", subject: place.name };
    const [{ directory, name, entry }, inode] = await Promise.all([
      findPlace(context, place, asked),
      requireInodeRow(transaction, id, asked),
    ]);
    if (entry !== undefined) throw refused("EEXIST", asked);
    requireAdding({ user, client }, directory, asked);
    if (inode.kind === "directory") throw refused("EPERM", asked, "a directory has one name only");
    requireChangeable(inode, asked);
    const nameless = (inode.flags & INODE_FLAG.nameless) !== 0;
    if (inode.nlink === 0 && !nameless) throw refused("ENOENT", asked, "its last name was removed");
    if (inode.nlink >= META_LIMITS.linksMax) throw refused("EMLINK", asked);
    if (inode.quota !== directory.quota) throw refused("EXDEV", asked);
    const linked: Inode = {
      ...inode,
      nlink: inode.nlink + 1,
      flags: inode.flags & ~INODE_FLAG.nameless,
      ctimeNs: nowNs,
    };
    putInode(transaction, linked);
    putEntry(transaction, directory.id, name, linked);
    touchDirectory(transaction, directory.id, nowNs);
    return { inode: await told(context, linked) };
  },
});
