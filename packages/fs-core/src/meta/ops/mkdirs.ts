/** Makes a directory, and those on the way to it if asked to. */
import { type InodeId, inodeIdCodec, ROOT_INODE } from "../../ids.ts";
import { bool, struct, text, u16 } from "../../wire/codec/index.ts";
import { requireAdding } from "../access/entry-rules.ts";
import { type Asked, refused } from "../access/permissions.ts";
import { newDirectory } from "../inodes/new-inode.ts";
import { requireRoom } from "../inodes/quota.ts";
import { told } from "../inodes/told.ts";
import { addInode, putEntry, touchDirectory } from "../inodes/writes.ts";
import type { DirectoryInode, Inode } from "../model/inode.ts";
import { checkPath, PATH_WIRE_BYTES_MAX } from "../model/names.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import {
  type MutationHeader,
  metaMethod,
  mutation,
  mutationFields,
  type Operation,
  type OperationContext,
} from "../operation.ts";
import { inodeCodec } from "../rows/inode-row.ts";
import { components, isAbsolute, MUST_BE_DIRECTORY } from "../walk/components.ts";
import { walk } from "../walk/walk.ts";

export interface MkdirsQuestion extends MutationHeader {
  readonly directory: InodeId;
  readonly path: string;
  /** Without what the umask takes off; of those on the way too, to which the owner always gets write and search. */
  readonly mode: number;
  /** As `mkdir -p`: what is missing on the way is made, and a directory that is there already is no error. */
  readonly parents: boolean;
}

export interface MkdirsAnswer {
  readonly inode: Inode;
  readonly created: boolean;
}

const OWNER_WRITES_AND_SEARCHES = 0o300;

export const mkdirs: Operation<MkdirsQuestion, MkdirsAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 7,
    name: "mkdirs",
    question: struct({
      ...mutationFields,
      directory: inodeIdCodec,
      path: text(PATH_WIRE_BYTES_MAX),
      mode: u16,
      parents: bool,
    }),
    answer: struct({ inode: inodeCodec, created: bool }),
  }),
  check: ({ path }) => checkPath(path, "mkdirs"),
  async run(context, question) {
    const { path, parents } = question;
    const asked = { operation: "mkdirs", subject: path };
    return parents ? makeAll(context, question, asked) : makeLast(context, question, asked);
  },
});

async function makeLast(
  context: OperationContext<NamespaceDeps>,
  question: MkdirsQuestion,
  asked: Asked,
): Promise<MkdirsAnswer> {
  const { transaction, user } = context;
  const { directory: start, mode } = question;
  // A slash at the end may stand after a directory's name, and must not have a link followed.
  const path = question.path.replace(/(?<=[^/])\/+$/, "");
  const { inode, last } = await walk(transaction, user, { start, path, follow: false }, asked);
  if (inode !== undefined || last === undefined) throw refused("EEXIST", asked);
  const made = await make(context, question, { ...last, mode }, asked);
  return { inode: made, created: true };
}

/** Steps down one name at a time; each walk starts at what the one before it found or made. */
async function makeAll(
  context: OperationContext<NamespaceDeps>,
  question: MkdirsQuestion,
  asked: Asked,
): Promise<MkdirsAnswer> {
  const { transaction, user } = context;
  const { path, mode } = question;
  if (path === "") throw refused("ENOENT", asked, "the path is empty");
  const names = components(path).filter((name) => name !== MUST_BE_DIRECTORY);
  let start = isAbsolute(path) ? ROOT_INODE : question.directory;
  let here: Inode | undefined;
  let created = false;
  for (const [at, name] of names.entries()) {
    // The trailing slash has it followed, and refused unless it is a directory.
    const found = await walk(transaction, user, { start, path: `${name}/`, follow: true }, asked);
    created = found.inode === undefined;
    if (found.inode !== undefined) {
      here = found.inode;
    } else {
      // A link that leads nowhere: what it names is not made.
      if (found.last?.name !== name) throw refused("ENOENT", asked, `${JSON.stringify(name)} leads nowhere`);
      const itsMode = at === names.length - 1 ? mode : mode | OWNER_WRITES_AND_SEARCHES;
      here = await make(context, question, { ...found.last, mode: itsMode }, asked);
    }
    start = here.id;
  }
  if (here === undefined) {
    const { inode } = await walk(transaction, user, { start, path: ".", follow: true }, asked);
    here = inode!;
  }
  return { inode: await told(context, here), created };
}

async function make(
  { transaction, user, nowNs, deps, signal }: OperationContext<NamespaceDeps>,
  { client }: MkdirsQuestion,
  wanted: { readonly directory: DirectoryInode; readonly name: string; readonly mode: number },
  asked: Asked,
): Promise<DirectoryInode> {
  const { directory, name, mode } = wanted;
  requireAdding({ user, client }, directory, asked);
  await requireRoom(transaction, directory.quota, { inodes: 1n }, asked);
  const id = await deps.inodeIds.take({ signal });
  const inode = newDirectory({ id, user, directory, mode, nowNs });
  addInode(transaction, inode);
  putEntry(transaction, directory.id, name, inode);
  touchDirectory(transaction, directory.id, nowNs, 1);
  return inode;
}
