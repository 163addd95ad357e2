/** The inodes of a `MemoryDisk` and how paths lead to them. Synchronous: no call ever sees half of another. */
import { type DiskErrorCode, type DiskErrorDetails, diskError } from "../disk.ts";

export interface FileNode {
  readonly kind: "file";
  readonly inode: bigint;
  /** Only the first `size` bytes count; the rest is room to grow. */
  bytes: Uint8Array;
  size: number;
  linkCount: number;
  openCount: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

export interface DirectoryNode {
  readonly kind: "directory";
  readonly inode: bigint;
  readonly entries: Map<string, Node>;
  mtimeNs: bigint;
  ctimeNs: bigint;
}

export type Node = FileNode | DirectoryNode;

/** Where a name is, or would be. */
export interface Slot {
  readonly parent: DirectoryNode;
  readonly name: string;
  readonly node: Node | undefined;
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

/** The node at `path`, or why there is none. */
export function find(root: DirectoryNode, path: string): Node | DiskErrorCode {
  let node: Node = root;
  for (const part of splitPath(path)) {
    if (node.kind === "file") return "ENOTDIR";
    const next = node.entries.get(part);
    if (next === undefined) return "ENOENT";
    node = next;
  }
  return node;
}

/** The place of the last part of `path`; its parent must exist. The root has no place. */
export function findSlot(root: DirectoryNode, path: string, details: DiskErrorDetails): Slot {
  const parts = splitPath(path);
  const name = parts.at(-1);
  if (name === undefined) throw diskError("EBUSY", details);
  const parent = find(root, parts.slice(0, -1).join("/"));
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

function contains(above: DirectoryNode, node: Node): boolean {
  if (above === node) return true;
  for (const entry of above.entries.values()) {
    if (entry.kind === "directory" && contains(entry, node)) return true;
  }
  return false;
}
