/** Where an entry is, or will be: a directory, perhaps a way down from it, and a name. */
import { type InodeId, inodeIdCodec } from "../../ids.ts";
import { type Codec, struct, text } from "../../wire/codec/index.ts";
import { type Asked, MAY, refused, requireAccess } from "../access/permissions.ts";
import { readPlace } from "../inodes/reads.ts";
import type { DirectoryInode, Entry } from "../model/inode.ts";
import { checkName, checkPath, PATH_WIRE_BYTES_MAX } from "../model/names.ts";
import type { OperationContext } from "../operation.ts";
import { walk } from "./walk.ts";

export interface Place {
  readonly directory: InodeId;
  /** A path from there to the directory that the name is in; empty if it is that one. Links are followed. */
  readonly under: string;
  readonly name: string;
}

export const placeCodec: Codec<Place> = struct({
  directory: inodeIdCodec,
  under: text(PATH_WIRE_BYTES_MAX),
  name: text(PATH_WIRE_BYTES_MAX),
});

/** A place and what is there. */
export interface FoundPlace {
  readonly directory: DirectoryInode;
  readonly name: string;
  readonly entry: Entry | undefined;
}

/** Refuses names and paths that can never be. */
export function checkPlace({ under, name }: Place, operation: string): void {
  checkPath(under, operation);
  checkName(name, operation);
}

/** Looks the name up, for which its directory must be one that the user may search. */
export async function findPlace(
  context: Pick<OperationContext<unknown>, "transaction" | "user">,
  place: Place,
  asked: Asked,
): Promise<FoundPlace> {
  const id = await directoryOf(context, place, asked);
  const found = await readPlace(context.transaction, id, place.name, asked);
  requireAccess(context.user, found.directory, MAY.execute, asked);
  return { name: place.name, ...found };
}

async function directoryOf(
  { transaction, user }: Pick<OperationContext<unknown>, "transaction" | "user">,
  { directory, under }: Place,
  asked: Asked,
): Promise<InodeId> {
  if (under === "") return directory;
  const { inode } = await walk(transaction, user, { start: directory, path: under, follow: true }, asked);
  if (inode === undefined) throw refused("ENOENT", asked, `there is no ${JSON.stringify(under)}`);
  return inode.id;
}
