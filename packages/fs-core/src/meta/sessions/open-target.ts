/** What is opened: a path, or an inode that the caller knows already. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { bool, type Codec, struct, union } from "../../wire/codec/index.ts";
import { type Asked, refused } from "../access/permissions.ts";
import { requireInodeRow } from "../inodes/reads.ts";
import type { Inode } from "../model/inode.ts";
import type { OperationContext } from "../operation.ts";
import { checkPlace, type Place, placeCodec } from "../walk/place.ts";
import { walk } from "../walk/walk.ts";

export type OpenTarget =
  | {
      readonly kind: "place";
      readonly place: Place;
      /** `O_NOFOLLOW`: a symbolic link in that place is `ELOOP`. */
      readonly noFollow: boolean;
    }
  | { readonly kind: "inode"; readonly inode: InodeId };

export const openTargetCodec: Codec<OpenTarget> = union({
  place: [1, struct({ place: placeCodec, noFollow: bool })],
  inode: [2, struct({ inode: inodeIdCodec })],
});

/** What is there, and where a file that is missing would be made. */
export interface FoundTarget {
  readonly inode: Inode | undefined;
  readonly place: Place | undefined;
}

export function checkTarget(target: OpenTarget, operation: string): void {
  if (target.kind === "place") checkPlace(target.place, operation);
}

export function askedOf(target: OpenTarget, operation: string): Asked {
  return { operation, subject: target.kind === "place" ? target.place.name : `inode ${target.inode}` };
}

/** Throws `ELOOP` for a symbolic link at the end, and what walking throws. */
export async function findTarget(
  { transaction, user }: Pick<OperationContext<unknown>, "transaction" | "user">,
  target: OpenTarget,
  asked: Asked,
): Promise<FoundTarget> {
  if (target.kind === "inode") {
    return { inode: await requireInodeRow(transaction, target.inode, asked), place: undefined };
  }
  const { directory, under, name } = target.place;
  const path = under === "" ? name : `${under}/${name}`;
  const route = { start: directory, path, follow: !target.noFollow };
  const { inode, last } = await walk(transaction, user, route, asked);
  if (inode?.kind === "symlink") throw refused("ELOOP", asked, "it is a symbolic link");
  const place = last && { directory: last.directory.id, under: "", name: last.name };
  return { inode, place };
}
