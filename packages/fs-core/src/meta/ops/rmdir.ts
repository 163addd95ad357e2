/** Removes an empty directory. */
import { nothing, struct } from "../../wire/codec/index.ts";
import { requireRemoving } from "../access/entry-rules.ts";
import { refused } from "../access/permissions.ts";
import { asDirectory, readEntryInode, requireEmpty } from "../inodes/reads.ts";
import { dropEntry, dropInode, touchDirectory } from "../inodes/writes.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { checkPlace, findPlace, type Place, placeCodec } from "../walk/place.ts";

export interface RmdirQuestion extends MutationHeader {
  readonly place: Place;
}

export const rmdir: Operation<RmdirQuestion, undefined, NamespaceDeps> = mutation({
  frees: true,
  method: metaMethod({
    number: 11,
    name: "rmdir",
    question: struct({ ...mutationFields, place: placeCodec }),
    answer: nothing,
  }),
  check: ({ place }) => checkPlace(place, "rmdir"),
  async run(context, { place, client }) {
    const { transaction, user, nowNs } = context;
    const asked = { operation: "rmdir", subject: place.name };
    const { directory, name, entry } = await findPlace(context, place, asked);
    if (entry === undefined) throw refused("ENOENT", asked);
    const found = await readEntryInode(transaction, entry);
    requireRemoving({ user, client }, directory, found, asked);
    const inode = asDirectory(found, asked);
    await requireEmpty(transaction, inode.id, asked);
    dropEntry(transaction, directory.id, name);
    dropInode(transaction, inode);
    touchDirectory(transaction, directory.id, nowNs, -1);
    return undefined;
  },
});
