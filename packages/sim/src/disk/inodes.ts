/**
 * Files and directories twice over: as programs see them now, and as the medium would show them after a power cut,
 * with the changes in between that were not yet synced.
 */
import { Contents } from "./contents.ts";

/** A change of a file's contents that is not on the medium yet. */
export type ContentChange =
  | { readonly kind: "write"; readonly bytes: Uint8Array; readonly position: number }
  | { readonly kind: "resize"; readonly size: number };

export interface FileInode {
  readonly kind: "file";
  readonly inode: bigint;
  contents: Contents;
  stored: Contents;
  unsynced: ContentChange[];
  mtimeNs: bigint;
  ctimeNs: bigint;
}

/** Whether a change of names survives a power cut; a rename between directories has one fate in both. */
export interface Fate {
  kept: boolean | undefined;
}

/** A change of one directory's names that is not on the medium yet. */
export interface NameChange {
  readonly set?: { readonly name: string; readonly node: Inode };
  readonly remove?: string;
  readonly fate: Fate;
}

export interface DirectoryInode {
  readonly kind: "directory";
  readonly inode: bigint;
  entries: Map<string, Inode>;
  stored: Map<string, Inode>;
  unsynced: NameChange[];
  mtimeNs: bigint;
  ctimeNs: bigint;
}

export type Inode = FileInode | DirectoryInode;

export function newFile(inode: bigint, nowNs: bigint): FileInode {
  return {
    kind: "file",
    inode,
    contents: new Contents(),
    stored: new Contents(),
    unsynced: [],
    mtimeNs: nowNs,
    ctimeNs: nowNs,
  };
}

export function newDirectory(inode: bigint, nowNs: bigint): DirectoryInode {
  return {
    kind: "directory",
    inode,
    entries: new Map(),
    stored: new Map(),
    unsynced: [],
    mtimeNs: nowNs,
    ctimeNs: nowNs,
  };
}

/** Puts every change of the contents on the medium. */
export function syncContents(file: FileInode): void {
  for (const change of file.unsynced) applyContent(file.stored, change);
  file.unsynced = [];
}

/** Puts every change of the names on the medium, in this directory and where a rename came from or went. */
export function syncNames(directory: DirectoryInode): void {
  for (const change of directory.unsynced) {
    change.fate.kept = true;
    applyNames(directory.stored, change);
  }
  directory.unsynced = [];
}

export function applyContent(contents: Contents, change: ContentChange): void {
  if (change.kind === "write") contents.write(change.bytes, change.position);
  else contents.resize(change.size);
}

export function applyNames(entries: Map<string, Inode>, change: NameChange): void {
  if (change.remove !== undefined) entries.delete(change.remove);
  if (change.set !== undefined) entries.set(change.set.name, change.set.node);
}
