/** Inodes as they are told to callers: directories with their times and links, files with the length of now. */

import type { FileInode, Inode } from "../model/inode.ts";
import type { NamespaceDeps } from "../namespace-deps.ts";
import type { OperationContext } from "../operation.ts";
import { completed } from "./reads.ts";

type TellingContext = Pick<
  OperationContext<Pick<NamespaceDeps, "lengths">>,
  "transaction" | "deps" | "signal"
>;

export async function told<I extends Inode>(context: TellingContext, inode: I): Promise<I> {
  const [seen] = await toldAll(context, [inode]);
  return seen as I;
}

/** In the same order; nothing stays nothing. */
export async function toldAll(
  { transaction, deps, signal }: TellingContext,
  inodes: readonly (Inode | undefined)[],
): Promise<readonly (Inode | undefined)[]> {
  const files = inodes.filter((inode): inode is FileInode => inode?.kind === "file");
  const [seen, settled] = await Promise.all([
    completed(transaction, inodes),
    files.length === 0 ? [] : deps.lengths.settle(transaction, files, { signal }),
  ]);
  let at = 0;
  return seen.map((inode) => (inode?.kind === "file" ? settled[at++] : inode));
}
