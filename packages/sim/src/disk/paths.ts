/** How paths lead to inodes. */
import { type DiskErrorCode, type DiskErrorDetails, diskError } from "@smallpond/base";
import type { DirectoryInode, Inode } from "./inodes.ts";

/** Where a name is, or would be. */
export interface Slot {
  readonly parent: DirectoryInode;
  readonly name: string;
  readonly node: Inode | undefined;
}

/** The parts of a path from the root; `.` and `..` are resolved by name. */
export function splitPath(path: string): readonly string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

/** The directory part of a path. */
export function parentOf(path: string): string {
  return `/${splitPath(path).slice(0, -1).join("/")}`;
}

/** The inode at `path`, or why there is none. */
export function find(root: DirectoryInode, path: string): Inode | DiskErrorCode {
  let node: Inode = root;
  for (const part of splitPath(path)) {
    if (node.kind === "file") return "ENOTDIR";
    const next = node.entries.get(part);
    if (next === undefined) return "ENOENT";
    node = next;
  }
  return node;
}

/** The place of the last part of `path`; its parent must exist. The root has no place. */
export function findSlot(root: DirectoryInode, path: string, details: DiskErrorDetails): Slot {
  const name = splitPath(path).at(-1);
  if (name === undefined) throw diskError("EBUSY", details);
  const parent = find(root, parentOf(path));
  if (typeof parent === "string") throw diskError(parent, details);
  if (parent.kind === "file") throw diskError("ENOTDIR", details);
  return { parent, name, node: parent.entries.get(name) };
}

/** Why moving `from` onto `to` must fail, as a POSIX kernel decides; nothing if it may go ahead. */
export function refuseRename(from: Slot, to: Slot): DiskErrorCode | undefined {
  if (from.node === undefined) return "ENOENT";
  if (from.node.kind === "directory" && contains(from.node, to.parent)) return "EINVAL";
  if (to.node === undefined || to.node === from.node) return undefined;
  if (from.node.kind === "file") return to.node.kind === "directory" ? "EISDIR" : undefined;
  if (to.node.kind === "file") return "ENOTDIR";
  return to.node.entries.size > 0 ? "ENOTEMPTY" : undefined;
}

function contains(above: DirectoryInode, node: Inode): boolean {
  if (above === node) return true;
  for (const entry of above.entries.values()) {
    if (entry.kind === "directory" && contains(entry, node)) return true;
  }
  return false;
}
