/**
 * Throws something away for a while: it moves to the user's trash, from where a rename brings it back, and is removed
 * when its time is over.
 */
import { type InodeId, inodeIdCodec } from "../../../ids.ts";
import { struct, text, varint } from "../../../wire/codec/index.ts";
import { refused } from "../../access/permissions.ts";
import { readEntryInode } from "../../inodes/reads.ts";
import type { NamespaceDeps } from "../../namespace-deps.ts";
import {
  type MutationHeader,
  metaMethod,
  mutation,
  mutationFields,
  type Operation,
} from "../../operation.ts";
import { rename } from "../../ops/rename.ts";
import { checkPlace, findPlace, type Place, placeCodec } from "../../walk/place.ts";
import { formatTrashName } from "./trash-name.ts";
import { ensureTrash } from "./trash-place.ts";

export interface MoveToTrashQuestion extends MutationHeader {
  readonly place: Place;
  /** How long it is kept. A second to a year. */
  readonly keepMs: number;
}

/** Where it is now. */
export interface MoveToTrashAnswer {
  readonly directory: InodeId;
  readonly name: string;
}

const KEEP_MS_MIN = 1000;
const KEEP_MS_MAX = 365 * 86_400_000;

export const moveToTrash: Operation<MoveToTrashQuestion, MoveToTrashAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 120,
    name: "moveToTrash",
    question: struct({ ...mutationFields, place: placeCodec, keepMs: varint }),
    answer: struct({ directory: inodeIdCodec, name: text(255) }),
  }),
  check: ({ place, keepMs }) => {
    checkPlace(place, "moveToTrash");
    if (keepMs >= KEEP_MS_MIN && keepMs <= KEEP_MS_MAX) return;
    const asked = { operation: "moveToTrash", subject: place.name };
    throw refused("EINVAL", asked, "things are kept for a second to a year");
  },
  async run(context, question) {
    const { transaction, user, nowNs, deps } = context;
    const { place, keepMs, request } = question;
    const asked = { operation: "moveToTrash", subject: place.name };
    const { entry } = await findPlace(context, place, asked);
    if (entry === undefined) throw refused("ENOENT", asked);
    const { quota } = await readEntryInode(transaction, entry);
    const making = { transaction, inodeIds: deps.inodeIds, nowNs, asked };
    const trash = await ensureTrash(making, user, quota);
    const sinceMs = Number(nowNs / 1_000_000n);
    const tag = request.slice(0, 8);
    const name = formatTrashName({ name: place.name, sinceMs, untilMs: sinceMs + keepMs, tag });
    const to = { directory: trash.id, under: "", name };
    await rename.run(context, { ...question, from: place, to, mode: "noreplace" });
    return { directory: trash.id, name };
  },
});
