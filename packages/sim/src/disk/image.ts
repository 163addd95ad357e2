/** A machine's disk: the tree of inodes and what each call does to it, at once and exactly as POSIX has it. */
import {
  assert,
  type DirectoryEntry,
  type DiskErrorCode,
  type DiskErrorDetails,
  type DiskStat,
  diskError,
  type FromTo,
  type OpenOptions,
  type Random,
} from "@smallpond/base";
import {
  applyContent,
  applyNames,
  type ContentChange,
  type DirectoryInode,
  type FileInode,
  type Inode,
  type NameChange,
  newDirectory,
  newFile,
  syncContents,
  syncNames,
} from "./inodes.ts";
import { find, findSlot, refuseRename, splitPath } from "./paths.ts";
import { cutPower } from "./power-cut.ts";

/** Keeps what programs see and what the medium holds apart; `cutPower` makes the two one. */
export class DiskImage {
  readonly #wallNs: () => bigint;
  readonly #root: DirectoryInode;
  /** Bytes of file contents that fit; more is `ENOSPC`. A test may move it at any time. */
  capacityBytes: number;
  #inodes = 0n;
  #lastNs = 0n;

  constructor(deps: { readonly wallNs: () => bigint }, settings: { readonly capacityBytes: number }) {
    this.#wallNs = deps.wallNs;
    this.capacityBytes = settings.capacityBytes;
    this.#root = newDirectory(this.#nextInode(), 0n);
    this.#makeDirectory("/tmp", { operation: "mkdir", path: "/tmp" });
    syncNames(this.#root);
  }

  /** Every file that has a name, by path. */
  files(): ReadonlyMap<string, FileInode> {
    const files = new Map<string, FileInode>();
    collect(this.#root, "", files);
    return files;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const file of new Set(this.files().values())) bytes += file.contents.size;
    return bytes;
  }

  cutPower(random: Random): void {
    cutPower(this.#root, random);
  }

  open(path: string, options: OpenOptions, details: DiskErrorDetails): FileInode {
    const file = options.create
      ? this.#createFile(path, options.exclusive ?? false, details)
      : this.file(path, details);
    if (options.truncate) this.resize(file, 0, details);
    return file;
  }

  /** The file at `path`, emptied and filled. */
  replace(path: string, bytes: Uint8Array, exclusive: boolean, details: DiskErrorDetails): FileInode {
    const file = this.#createFile(path, exclusive, details);
    if (file.contents.size > 0) this.resize(file, 0, details);
    this.write(file, bytes, 0, details);
    return file;
  }

  write(file: FileInode, bytes: Uint8Array, position: number, details: DiskErrorDetails): void {
    if (bytes.length === 0) return;
    this.#reserve(position + bytes.length - file.contents.size, details);
    this.#change(file, { kind: "write", bytes, position });
  }

  resize(file: FileInode, size: number, details: DiskErrorDetails): void {
    this.#reserve(size - file.contents.size, details);
    this.#change(file, { kind: "resize", size });
  }

  sync(file: FileInode): void {
    syncContents(file);
  }

  /**
   * A sync that failed: the kernel forgets which pages were dirty. Programs still read the bytes, but they never get
   * to the medium.
   */
  loseUnsynced(file: FileInode): void {
    file.unsynced = [];
  }

  rename(paths: FromTo, details: DiskErrorDetails): void {
    const from = findSlot(this.#root, paths.from, details);
    const to = findSlot(this.#root, paths.to, details);
    const refusal = refuseRename(from, to);
    if (refusal !== undefined) throw diskError(refusal, details);
    if (from.node === undefined || from.node === to.node) return;
    if (to.node !== undefined) this.#unlinked(to.node);
    const fate = { kept: undefined };
    const set = { name: to.name, node: from.node };
    from.node.ctimeNs = this.#tick();
    if (from.parent === to.parent) {
      this.#changeNames(to.parent, { set, remove: from.name, fate });
      return;
    }
    this.#changeNames(to.parent, { set, fate });
    this.#changeNames(from.parent, { remove: from.name, fate });
  }

  link(paths: FromTo, details: DiskErrorDetails): void {
    const node = this.node(paths.from, details);
    if (node.kind === "directory") throw diskError("EPERM", details);
    const to = findSlot(this.#root, paths.to, details);
    if (to.node !== undefined) throw diskError("EEXIST", details);
    node.ctimeNs = this.#tick();
    this.#addName(to.parent, to.name, node);
  }

  unlink(path: string, details: DiskErrorDetails): void {
    const slot = findSlot(this.#root, path, details);
    if (slot.node === undefined) throw diskError("ENOENT", details);
    if (slot.node.kind === "directory") throw diskError("EISDIR", details);
    this.#changeNames(slot.parent, { remove: slot.name, fate: { kept: undefined } });
    this.#unlinked(slot.node);
  }

  removeTree(path: string, details: DiskErrorDetails): void {
    assert(splitPath(path).length > 0, "removeTree must not be given the root");
    if (find(this.#root, path) === "ENOENT") return;
    const slot = findSlot(this.#root, path, details);
    if (slot.node === undefined) return;
    this.#changeNames(slot.parent, { remove: slot.name, fate: { kept: undefined } });
    this.#unlinked(slot.node);
  }

  mkdir(path: string, recursive: boolean, details: DiskErrorDetails): void {
    if (!recursive) {
      this.#makeDirectory(path, details);
      return;
    }
    let parent = this.#root;
    const parts = splitPath(path);
    for (const [index, name] of parts.entries()) {
      const there = parent.entries.get(name);
      if (there?.kind === "file") throw diskError(index === parts.length - 1 ? "EEXIST" : "ENOTDIR", details);
      parent = there ?? this.#addDirectory(parent, name);
    }
  }

  readdir(path: string, details: DiskErrorDetails): readonly DirectoryEntry[] {
    return [...this.directory(path, details).entries]
      .map(([name, entry]) => ({ name, type: entry.kind }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  stat(path: string, details: DiskErrorDetails): DiskStat {
    const node = this.node(path, details);
    return {
      size: node.kind === "file" ? node.contents.size : 0,
      mtimeNs: node.mtimeNs,
      ctimeNs: node.ctimeNs,
      inode: node.inode,
      device: 1n,
      isFile: node.kind === "file",
      isDirectory: node.kind === "directory",
    };
  }

  realPath(path: string, details: DiskErrorDetails): string {
    this.node(path, details);
    return `/${splitPath(path).join("/")}`;
  }

  exists(path: string): boolean {
    return typeof find(this.#root, path) !== "string";
  }

  syncDirectory(path: string, details: DiskErrorDetails): void {
    const directory = this.directory(path, details);
    const shared = directory.unsynced.map((change) => change.fate);
    syncNames(directory);
    // The other half of a rename between directories is on the medium too, with what had to come before it.
    for (const other of this.#directories()) {
      const last = other.unsynced.findLastIndex((change) => shared.includes(change.fate));
      for (const change of other.unsynced.splice(0, last + 1)) {
        change.fate.kept = true;
        applyNames(other.stored, change);
      }
    }
  }

  freeBytes(path: string, details: DiskErrorDetails): number {
    this.node(path, details);
    return Math.max(0, this.capacityBytes - this.usedBytes);
  }

  node(path: string, details: DiskErrorDetails): Inode {
    const node = find(this.#root, path);
    if (typeof node === "string") throw diskError(node, details);
    return node;
  }

  file(path: string, details: DiskErrorDetails): FileInode {
    const node = this.node(path, details);
    if (node.kind === "directory") throw diskError("EISDIR", details);
    return node;
  }

  directory(path: string, details: DiskErrorDetails): DirectoryInode {
    const node = this.node(path, details);
    if (node.kind === "file") throw diskError("ENOTDIR" satisfies DiskErrorCode, details);
    return node;
  }

  #createFile(path: string, exclusive: boolean, details: DiskErrorDetails): FileInode {
    if (splitPath(path).length === 0) throw diskError("EISDIR", details);
    const slot = findSlot(this.#root, path, details);
    if (slot.node !== undefined && exclusive) throw diskError("EEXIST", details);
    if (slot.node?.kind === "directory") throw diskError("EISDIR", details);
    if (slot.node !== undefined) return slot.node;
    const file = newFile(this.#nextInode(), this.#tick());
    this.#addName(slot.parent, slot.name, file);
    return file;
  }

  #makeDirectory(path: string, details: DiskErrorDetails): void {
    if (splitPath(path).length === 0) throw diskError("EEXIST", details);
    const slot = findSlot(this.#root, path, details);
    if (slot.node !== undefined) throw diskError("EEXIST", details);
    this.#addDirectory(slot.parent, slot.name);
  }

  #addDirectory(parent: DirectoryInode, name: string): DirectoryInode {
    const directory = newDirectory(this.#nextInode(), this.#tick());
    this.#changeNames(parent, { set: { name, node: directory }, fate: { kept: undefined } });
    return directory;
  }

  #addName(parent: DirectoryInode, name: string, file: FileInode): void {
    this.#changeNames(parent, { set: { name, node: file }, fate: { kept: undefined } });
  }

  #change(file: FileInode, change: ContentChange): void {
    applyContent(file.contents, change);
    file.unsynced.push(change);
    file.mtimeNs = this.#tick();
    file.ctimeNs = file.mtimeNs;
  }

  #changeNames(directory: DirectoryInode, change: NameChange): void {
    applyNames(directory.entries, change);
    directory.unsynced.push(change);
    directory.mtimeNs = this.#tick();
    directory.ctimeNs = directory.mtimeNs;
  }

  #unlinked(node: Inode): void {
    node.ctimeNs = this.#tick();
  }

  #reserve(bytes: number, details: DiskErrorDetails): void {
    if (bytes > 0 && this.usedBytes + bytes > this.capacityBytes) throw diskError("ENOSPC", details);
  }

  #directories(): readonly DirectoryInode[] {
    const found = [this.#root];
    for (const directory of found) {
      for (const entry of directory.entries.values()) if (entry.kind === "directory") found.push(entry);
    }
    return found;
  }

  #nextInode(): bigint {
    this.#inodes += 1n;
    return this.#inodes;
  }

  /** The machine's wall time, nudged so that two changes are told apart; it may jump back as that does. */
  #tick(): bigint {
    const now = this.#wallNs();
    this.#lastNs = now > this.#lastNs || this.#lastNs - now > 1_000_000_000n ? now : this.#lastNs + 1n;
    return this.#lastNs;
  }
}

function collect(directory: DirectoryInode, path: string, files: Map<string, FileInode>): void {
  for (const [name, entry] of directory.entries) {
    if (entry.kind === "file") files.set(`${path}/${name}`, entry);
    else collect(entry, `${path}/${name}`, files);
  }
}
