/**
 * Moves a name, over another if one is there, or exchanges two. A directory that changes its parent reads all of its new
 * ancestors with conflicts: of two moves that together would make a loop, one does not commit (I7).
 */
import { nothing, struct, word } from "../../wire/codec/index.ts";
import { type Changer, requireAdding, requireRemoving } from "../access/entry-rules.ts";
import { type Asked, MAY, refused, requireAccess } from "../access/permissions.ts";
import { readEntryInode, requireEmpty } from "../inodes/reads.ts";
import { dropEntry, dropInode, dropLink, putEntry, putInode, touchDirectory } from "../inodes/writes.ts";
import type { DirectoryInode, Inode } from "../model/inode.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import {
  type MutationHeader,
  metaMethod,
  mutation,
  mutationFields,
  type Operation,
  type OperationContext,
} from "../operation.ts";
import { relationTo } from "../walk/ancestors.ts";
import { checkPlace, type FoundPlace, findPlace, type Place, placeCodec } from "../walk/place.ts";

export interface RenameQuestion extends MutationHeader {
  readonly from: Place;
  readonly to: Place;
  /** `noreplace`: what is there already is `EEXIST`. `exchange`: both must be there, and change places. */
  readonly mode: RenameMode;
}

export type RenameMode = "replace" | "noreplace" | "exchange";

/** One end of a move: where, and what is there. */
interface End<I> extends FoundPlace {
  readonly inode: I;
}

type Context = OperationContext<NamespaceDeps>;

export const rename: Operation<RenameQuestion, undefined, NamespaceDeps> = mutation({
  method: metaMethod({
    number: 13,
    name: "rename",
    question: struct({
      ...mutationFields,
      from: placeCodec,
      to: placeCodec,
      mode: word(["replace", "noreplace", "exchange"]),
    }),
    answer: nothing,
  }),
  check({ from, to }) {
    checkPlace(from, "rename");
    checkPlace(to, "rename");
  },
  async run(context, question) {
    const asked = { operation: "rename", subject: question.from.name };
    const changer = { user: context.user, client: question.client };
    const { mode } = question;
    const [from, to] = await readEnds(context, question, asked);
    // Two names of one inode: nothing changes, as POSIX has it.
    if (to.inode?.id === from.inode.id) return undefined;
    await requireNoLoop(context, from, to, mode, asked);
    requireRights(changer, from, to, mode, asked);
    if (to.inode === undefined) {
      move(context, from, to);
    } else if (mode === "exchange") {
      exchange(context, from, { ...to, inode: to.inode });
    } else {
      await replace(context, from, { ...to, inode: to.inode }, asked);
    }
    return undefined;
  },
});

async function readEnds(
  context: Context,
  { from, to, mode }: RenameQuestion,
  asked: Asked,
): Promise<readonly [End<Inode>, End<Inode | undefined>]> {
  const { transaction } = context;
  const [first, second] = await Promise.allSettled([
    findPlace(context, from, asked),
    findPlace(context, to, { ...asked, subject: to.name }),
  ]);
  // Read side by side; of two that are wrong the first is told, as by a kernel, which looks for it first.
  if (first.status === "rejected") throw first.reason;
  if (second.status === "rejected") throw second.reason;
  const [source, target] = [first.value, second.value];
  if (source.entry === undefined) throw refused("ENOENT", asked);
  if (mode === "noreplace" && target.entry !== undefined) {
    throw refused("EEXIST", { ...asked, subject: to.name });
  }
  if (mode === "exchange" && target.entry === undefined) {
    throw refused("ENOENT", { ...asked, subject: to.name });
  }
  const [inode, other] = await Promise.all([
    readEntryInode(transaction, source.entry),
    target.entry === undefined ? undefined : readEntryInode(transaction, target.entry),
  ]);
  return [
    { ...source, inode },
    { ...target, inode: other },
  ];
}

/** Refuses to put a directory below itself, at either end. */
async function requireNoLoop(
  { transaction }: Context,
  from: End<Inode>,
  to: End<Inode | undefined>,
  mode: RenameMode,
  asked: Asked,
): Promise<void> {
  if (from.directory.id === to.directory.id) return;
  if (from.inode.kind === "directory") {
    const relation = await relationTo(transaction, to.directory, from.inode.id, asked);
    if (relation === "below") throw refused("EINVAL", asked, "a directory cannot go below itself");
    if (relation === "detached") throw refused("ENOENT", asked, "its new directory was removed");
  }
  if (to.inode?.kind === "directory") {
    const relation = await relationTo(transaction, from.directory, to.inode.id, asked);
    const code = mode === "exchange" ? "EINVAL" : "ENOTEMPTY";
    if (relation === "below")
      throw refused(code, asked, "what is moved is in the directory that it would replace");
  }
}

/** In the order in which a kernel looks: rights to both names, what takes whose place, rights to what moves. */
function requireRights(
  changer: Changer,
  from: End<Inode>,
  to: End<Inode | undefined>,
  mode: RenameMode,
  asked: Asked,
): void {
  const named = { ...asked, subject: to.name };
  requireRemoving(changer, from.directory, from.inode, asked);
  requireAdding(changer, to.directory, named);
  if (to.inode !== undefined) requireRemoving(changer, to.directory, to.inode, named);
  if (to.inode !== undefined && mode === "exchange") {
    requireAdding(changer, from.directory, asked);
    requireCrossing(changer, to.inode, to.directory, from.directory, named);
  } else if (to.inode !== undefined && isDirectory(from.inode) !== isDirectory(to.inode)) {
    throw refused(to.inode.kind === "directory" ? "EISDIR" : "ENOTDIR", named);
  }
  requireCrossing(changer, from.inode, from.directory, to.directory, asked);
}

/** Refuses who may not take it from one directory to another. */
function requireCrossing(
  { user }: Changer,
  inode: Inode,
  from: DirectoryInode,
  to: DirectoryInode,
  asked: Asked,
): void {
  if (from.id === to.id) return;
  // Its `..` is written to.
  if (inode.kind === "directory") requireAccess(user, inode, MAY.write, asked);
  if (inode.quota !== to.quota) throw refused("EXDEV", asked);
}

function move(context: Context, from: End<Inode>, to: FoundPlace): void {
  dropEntry(context.transaction, from.directory.id, from.name);
  settle(context, from.inode, to);
  touchBoth(context, from, to, isDirectory(from.inode));
}

async function replace(context: Context, from: End<Inode>, to: End<Inode>, asked: Asked): Promise<void> {
  const { transaction, nowNs, deps } = context;
  const { inode: replaced } = to;
  if (replaced.kind === "directory") {
    await requireEmpty(transaction, replaced.id, { ...asked, subject: to.name });
    dropInode(transaction, replaced);
  } else {
    dropLink(transaction, replaced, { nowNs, garbageDelayMs: deps.settings.garbageDelayMs });
  }
  dropEntry(transaction, from.directory.id, from.name);
  settle(context, from.inode, to);
  touchBoth(context, from, to, isDirectory(from.inode), isDirectory(replaced));
}

function exchange(context: Context, from: End<Inode>, to: End<Inode>): void {
  settle(context, from.inode, to);
  settle(context, to.inode, from);
  touchBoth(context, from, to, isDirectory(from.inode) - isDirectory(to.inode));
}

/** Writes an inode's entry at its new place, and the inode, which knows its place if it is a directory. */
function settle({ transaction, nowNs }: Context, inode: Inode, { directory, name }: FoundPlace): void {
  putEntry(transaction, directory.id, name, inode);
  const changed = { ...inode, ctimeNs: nowNs };
  putInode(transaction, changed.kind === "directory" ? { ...changed, parent: directory.id } : changed);
}

/** `moved` directories went from one to the other, where `gone` were before. */
function touchBoth(
  { transaction, nowNs }: Context,
  from: FoundPlace,
  to: FoundPlace,
  moved: number,
  gone: number = 0,
): void {
  if (from.directory.id === to.directory.id) {
    touchDirectory(transaction, from.directory.id, nowNs, -gone);
  } else {
    touchDirectory(transaction, from.directory.id, nowNs, -moved);
    touchDirectory(transaction, to.directory.id, nowNs, moved - gone);
  }
}

function isDirectory(inode: Inode): 0 | 1 {
  return inode.kind === "directory" ? 1 : 0;
}
