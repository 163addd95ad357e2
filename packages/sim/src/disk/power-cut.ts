/**
 * What a power cut leaves of a disk. Synced bytes and names stay. Of the rest anything may be there: a write whole, in
 * part by sectors, or not at all; and changes of names some or none, though a rename never half.
 */
import type { Random } from "@smallpond/base";
import {
  applyContent,
  applyNames,
  type ContentChange,
  type DirectoryInode,
  type FileInode,
  type Inode,
} from "./inodes.ts";

/** What a disk writes in one piece. */
const SECTOR_BYTES = 512;

/** Turns the tree into what the medium holds. Files that no directory holds any more are gone. */
export function cutPower(root: DirectoryInode, random: Random): void {
  const seen = new Set<Inode>();
  // A journal keeps names in order; other file systems promise nothing. Either may be under us.
  const ordered = random.next() < 0.7;
  const visit = (node: Inode): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "file") {
      cutFile(node, random);
      return;
    }
    cutDirectory(node, { random, ordered });
    for (const entry of node.entries.values()) visit(entry);
  };
  visit(root);
}

function cutFile(file: FileInode, random: Random): void {
  const luck = random.next();
  for (const change of file.unsynced) {
    // Whole files survive or vanish often, so that programs cannot rely on either.
    if (luck < 0.3) continue;
    if (luck < 0.5 || random.next() < 0.5) applyContent(file.stored, change);
    else if (change.kind === "write") tear(file, change, random);
  }
  file.unsynced = [];
  file.contents = file.stored.copy();
}

/** Each sector of a torn write is there or not, without regard to its neighbours. */
function tear(file: FileInode, write: ContentChange & { readonly kind: "write" }, random: Random): void {
  const { bytes, position } = write;
  let offset = 0;
  while (offset < bytes.length) {
    const end = Math.min(bytes.length, offset + SECTOR_BYTES - ((position + offset) % SECTOR_BYTES));
    if (random.next() < 0.5) file.stored.write(bytes.subarray(offset, end), position + offset);
    offset = end;
  }
}

function cutDirectory(
  directory: DirectoryInode,
  options: { readonly random: Random; readonly ordered: boolean },
): void {
  let lost = false;
  for (const change of directory.unsynced) {
    change.fate.kept ??= !(lost && options.ordered) && options.random.next() < 0.5;
    if (change.fate.kept) applyNames(directory.stored, change);
    else lost = true;
  }
  directory.unsynced = [];
  directory.entries = new Map(directory.stored);
}
