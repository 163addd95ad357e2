/** Takes a name away from what is no directory; with its last one it goes, a file when nobody has it open. */
import { nothing, struct } from "../../wire/codec/index.ts";
import { requireRemoving } from "../access/entry-rules.ts";
import { refused } from "../access/permissions.ts";
import { readEntryInode } from "../inodes/reads.ts";
import { dropEntry, dropLink, touchDirectory } from "../inodes/writes.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { checkPlace, findPlace, type Place, placeCodec } from "../walk/place.ts";

export interface UnlinkQuestion extends MutationHeader {
  readonly place: Place;
}

export const unlink: Operation<UnlinkQuestion, undefined, NamespaceDeps> = mutation({
  frees: true,
  method: metaMethod({
    number: 10,
    name: "unlink",
    question: struct({ ...mutationFields, place: placeCodec }),
    answer: nothing,
  }),
  check: ({ place }) => checkPlace(place, "unlink"),
  async run(context, { place, client }) {
    const { transaction, user, nowNs, deps } = context;
    const asked = { operation: "unlink", subject: place.name };
    const { directory, name, entry } = await findPlace(context, place, asked);
    if (entry === undefined) throw refused("ENOENT", asked);
    const inode = await readEntryInode(transaction, entry);
    requireRemoving({ user, client }, directory, inode, asked);
    if (inode.kind === "directory") throw refused("EISDIR", asked);
    dropEntry(transaction, directory.id, name);
    dropLink(transaction, inode, { nowNs, garbageDelayMs: deps.settings.garbageDelayMs });
    touchDirectory(transaction, directory.id, nowNs);
    return undefined;
  },
});
