/** Makes a file, fifo, socket or device. */
import { bool, struct, u16, u32, word } from "../../wire/codec/index.ts";
import { requireAdding } from "../access/entry-rules.ts";
import { refused, requireSuperuser } from "../access/permissions.ts";
import { type Birth, newCommon, newFile } from "../inodes/new-inode.ts";
import { requireRoom } from "../inodes/quota.ts";
import { readEntryInode } from "../inodes/reads.ts";
import { told } from "../inodes/told.ts";
import { addInode, putEntry, touchDirectory } from "../inodes/writes.ts";
import type { Inode } from "../model/inode.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import { type MutationHeader, metaMethod, mutation, mutationFields, type Operation } from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { checkPlace, findPlace, type Place, placeCodec } from "../walk/place.ts";

export type CreatedKind = "file" | "fifo" | "socket" | "character" | "block";

export interface CreateQuestion extends MutationHeader {
  readonly place: Place;
  readonly kind: CreatedKind;
  /** Without what the umask takes off. */
  readonly mode: number;
  /** Major and minor number of a device; of anything else it is not looked at. */
  readonly rdev: number;
  /** Whether something of the same name and kind is `EEXIST` too. Of another kind it always is. */
  readonly exclusive: boolean;
}

export interface CreateAnswer {
  readonly inode: Inode;
  /** False when it was there before. */
  readonly created: boolean;
}

export const create: Operation<CreateQuestion, CreateAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 5,
    name: "create",
    question: struct({
      ...mutationFields,
      place: placeCodec,
      kind: word(["file", "fifo", "socket", "character", "block"]),
      mode: u16,
      rdev: u32,
      exclusive: bool,
    }),
    answer: struct({ inode: inodeCodec, created: bool }),
  }),
  check: ({ place }) => checkPlace(place, "create"),
  async run(context, question) {
    const { transaction, user, nowNs, deps } = context;
    const { client, kind, mode, exclusive } = question;
    const asked = { operation: "create", subject: question.place.name };
    const { directory, name, entry } = await findPlace(context, question.place, asked);
    if (entry !== undefined) {
      if (exclusive || entry.kind !== kind) throw refused("EEXIST", asked);
      return { inode: await told(context, await readEntryInode(transaction, entry)), created: false };
    }
    requireAdding({ user, client }, directory, asked);
    if (kind === "character" || kind === "block") requireSuperuser(user, asked);
    if (kind === "file" && deps.space.full) throw refused("ENOSPC", asked);
    await requireRoom(transaction, directory.quota, { inodes: 1n }, asked);
    const id = await deps.inodeIds.take({ signal: context.signal });
    const birth = { id, user, directory, mode, nowNs };
    const inode =
      kind === "file"
        ? newFile(birth, deps.layouts.layoutFor(directory.layout, "create"))
        : newSpecial(birth, kind, question.rdev);
    addInode(transaction, inode);
    putEntry(transaction, directory.id, name, inode);
    touchDirectory(transaction, directory.id, nowNs);
    return { inode, created: true };
  },
});

function newSpecial(birth: Birth, kind: Exclude<CreatedKind, "file">, rdev: number): Inode {
  const isDevice = kind === "character" || kind === "block";
  return { ...newCommon(birth), kind, rdev: isDevice ? rdev : 0 };
}
