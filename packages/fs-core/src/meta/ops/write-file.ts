/** Writes a small file whole, made or replaced, in one transaction: its bytes stand beside its inode, on no chain. */
import { bool, bytes, struct, u16 } from "../../wire/codec/index.ts";
import { requireAdding } from "../access/entry-rules.ts";
import {
  type Asked,
  MAY,
  MODE,
  owns,
  refused,
  requireAccess,
  requireChangeable,
} from "../access/permissions.ts";
import { newFile } from "../inodes/new-inode.ts";
import { requireRoom } from "../inodes/quota.ts";
import { readEntryInode } from "../inodes/reads.ts";
import { addInode, charge, putEntry, putInode, touchDirectory } from "../inodes/writes.ts";
import { fsError } from "../model/errors.ts";
import type { Entry, FileInode, Inode } from "../model/inode.ts";
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
import { inlineKey } from "../rows/keys.ts";
import { emptied } from "../sessions/data-version.ts";
import { checkPlace, type FoundPlace, findPlace, type Place, placeCodec } from "../walk/place.ts";

/** The most that can be set as `inlineBytesMax`. */
export const WRITE_FILE_BYTES_MAX: number = 16 * 1024;

export interface WriteFileQuestion extends MutationHeader {
  readonly place: Place;
  /** Of a new file, without what the umask takes off. */
  readonly mode: number;
  /** Whether a file of that name is `EEXIST`. */
  readonly exclusive: boolean;
  readonly bytes: Uint8Array;
}

export interface WriteFileAnswer {
  readonly inode: Inode;
  readonly created: boolean;
}

/** `EFBIG` for more bytes than are kept so, and `EBUSY` while others have the file open to write: open it then. */
export const writeFile: Operation<WriteFileQuestion, WriteFileAnswer, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 23,
    name: "writeFile",
    question: struct({
      ...mutationFields,
      place: placeCodec,
      mode: u16,
      exclusive: bool,
      bytes: bytes(WRITE_FILE_BYTES_MAX),
    }),
    answer: struct({ inode: inodeCodec, created: bool }),
  }),
  check: ({ place }) => checkPlace(place, "writeFile"),
  async run(context, question) {
    const { deps } = context;
    const { place, exclusive, bytes: content } = question;
    const asked = { operation: "writeFile", subject: place.name };
    if (content.length > deps.settings.inlineBytesMax) {
      throw fsError("EFBIG", "writeFile", place.name, {
        reason: `files of at most ${deps.settings.inlineBytesMax} bytes are written in one step`,
        hint: "open the file and write to it",
      });
    }
    const found = await findPlace(context, place, asked);
    if (found.entry === undefined) {
      return { inode: await make(context, question, found, asked), created: true };
    }
    if (exclusive) throw refused("EEXIST", asked);
    return { inode: await replace(context, found.entry, content, asked), created: false };
  },
});

async function make(
  { transaction, user, nowNs, deps, signal }: OperationContext<NamespaceDeps>,
  { client, mode, bytes: content }: WriteFileQuestion,
  { directory, name }: FoundPlace,
  asked: Asked,
): Promise<FileInode> {
  requireAdding({ user, client }, directory, asked);
  const length = BigInt(content.length);
  await requireRoom(transaction, directory.quota, { inodes: 1n, bytes: length }, asked);
  const id = await deps.inodeIds.take({ signal });
  const layout = deps.layouts.layoutFor(directory.layout, "writeFile");
  const file = { ...newFile({ id, user, directory, mode, nowNs }, layout), length, inline: true };
  addInode(transaction, file);
  transaction.set(inlineKey(id), content);
  putEntry(transaction, directory.id, name, file);
  touchDirectory(transaction, directory.id, nowNs);
  return file;
}

async function replace(
  { transaction, user, nowNs }: OperationContext<NamespaceDeps>,
  entry: Entry,
  content: Uint8Array,
  asked: Asked,
): Promise<FileInode> {
  const file = asFile(await readEntryInode(transaction, entry), asked);
  requireAccess(user, file, MAY.write, asked);
  requireChangeable(file, asked);
  if (file.written) throw refused("EBUSY", asked, "it is open to write");
  const length = BigInt(content.length);
  await requireRoom(transaction, file.quota, { bytes: length - file.length }, asked);
  const replaced: FileInode = {
    ...(await emptied(transaction, file, nowNs)),
    mode: owns(user, file) ? file.mode : withoutRights(file.mode),
    length,
    inline: true,
  };
  putInode(transaction, replaced);
  charge(transaction, file.quota, { bytes: length });
  transaction.set(inlineKey(file.id), content);
  return replaced;
}

function asFile(inode: Inode, asked: Asked): FileInode {
  if (inode.kind === "file") return inode;
  if (inode.kind === "directory") throw refused("EISDIR", asked);
  if (inode.kind === "symlink")
    throw refused("ELOOP", asked, "it is a symbolic link, which is not followed here");
  throw refused("EINVAL", asked, "it is no file");
}

/** Whoever else writes to a program takes the rights away that it ran with. */
function withoutRights(mode: number): number {
  const setgid = (mode & MODE.groupExecute) === 0 ? 0 : MODE.setgid;
  return mode & ~MODE.setuid & ~setgid;
}
